"""Access: requests, marks, loans, incidents, records of conduct; what is fragile"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("department", sa.String(length=80), nullable=True),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("purpose_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_access_requests_key_id_data_keys")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_access_requests_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_access_requests_number")),
    )
    with op.batch_alter_table("access_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_requests_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_requests_state"), ["state"], unique=False)

    op.create_table(
        "access_marks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("copy_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_access_marks_grant_id_grants")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_marks")),
    )
    with op.batch_alter_table("access_marks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_marks_copy_id"), ["copy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_marks_grant_id"), ["grant_id"], unique=False)

    op.create_table(
        "access_request_items",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_access_request_items_item_id_items")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["access_requests.id"], name=op.f("fk_access_request_items_request_id_access_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", "item_id", name=op.f("pk_access_request_items")),
    )
    with op.batch_alter_table("access_request_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_request_items_item_id"), ["item_id"], unique=False)

    op.create_table(
        "conduct_records",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("amends", sa.String(length=36), nullable=True),
        sa.Column("entered_by", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["amends"], ["conduct_records.id"], name=op.f("fk_conduct_records_amends_conduct_records")),
        sa.ForeignKeyConstraint(["entered_by"], ["people.id"], name=op.f("fk_conduct_records_entered_by_people")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_conduct_records_item_id_items")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_conduct_records_key_id_data_keys")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_conduct_records_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_records")),
    )
    with op.batch_alter_table("conduct_records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conduct_records_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_conduct_records_person_id"), ["person_id"], unique=False)

    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("loan_id", sa.String(length=36), nullable=True),
        sa.Column("copy_id", sa.String(length=36), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("reported_by", sa.String(length=36), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("outcome_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("settled_by", sa.String(length=36), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_incidents_item_id_items")),
        sa.ForeignKeyConstraint(["reported_by"], ["people.id"], name=op.f("fk_incidents_reported_by_people")),
        sa.ForeignKeyConstraint(["settled_by"], ["people.id"], name=op.f("fk_incidents_settled_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incidents_copy_id"), ["copy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incidents_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incidents_loan_id"), ["loan_id"], unique=False)

    op.create_table(
        "loans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("borrower_id", sa.String(length=36), nullable=False),
        sa.Column("lent_by", sa.String(length=36), nullable=False),
        sa.Column("lent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("condition_out", sa.String(length=12), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=36), nullable=True),
        sa.Column("condition_in", sa.String(length=12), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["borrower_id"], ["people.id"], name=op.f("fk_loans_borrower_id_people")),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_loans_ended_by_people")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_loans_grant_id_grants")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_loans_item_id_items")),
        sa.ForeignKeyConstraint(["lent_by"], ["people.id"], name=op.f("fk_loans_lent_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
        sa.UniqueConstraint("number", name=op.f("uq_loans_number")),
    )
    with op.batch_alter_table("loans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_loans_borrower_id"), ["borrower_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_loans_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_loans_grant_id"), ["grant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_loans_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_loans_state"), ["state"], unique=False)

    op.add_column("items", sa.Column("fragile", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:

    op.drop_column("items", "fragile")

    with op.batch_alter_table("loans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_loans_state"))
        batch_op.drop_index(batch_op.f("ix_loans_item_id"))
        batch_op.drop_index(batch_op.f("ix_loans_grant_id"))
        batch_op.drop_index(batch_op.f("ix_loans_due_at"))
        batch_op.drop_index(batch_op.f("ix_loans_borrower_id"))

    op.drop_table("loans")
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incidents_loan_id"))
        batch_op.drop_index(batch_op.f("ix_incidents_item_id"))
        batch_op.drop_index(batch_op.f("ix_incidents_copy_id"))

    op.drop_table("incidents")
    with op.batch_alter_table("conduct_records", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conduct_records_person_id"))
        batch_op.drop_index(batch_op.f("ix_conduct_records_at"))

    op.drop_table("conduct_records")
    with op.batch_alter_table("access_request_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_request_items_item_id"))

    op.drop_table("access_request_items")
    with op.batch_alter_table("access_marks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_marks_grant_id"))
        batch_op.drop_index(batch_op.f("ix_access_marks_copy_id"))

    op.drop_table("access_marks")
    with op.batch_alter_table("access_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_requests_state"))
        batch_op.drop_index(batch_op.f("ix_access_requests_person_id"))

    op.drop_table("access_requests")
