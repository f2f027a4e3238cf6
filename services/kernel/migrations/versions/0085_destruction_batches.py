"""Destruction batches: lines, witnesses, notices, objections, extensions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kernel.clock import UtcDateTime

revision = "0085"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destruction_batches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("paper_method", sa.String(length=40), nullable=True),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("appraised_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_by", sa.String(length=36), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=True),
        sa.Column("policy", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("notified_at", UtcDateTime(), nullable=True),
        sa.Column("waiting_until", UtcDateTime(), nullable=True),
        sa.Column("prechecked_at", UtcDateTime(), nullable=True),
        sa.Column("executing_at", UtcDateTime(), nullable=True),
        sa.Column("executed_by", sa.String(length=36), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=36), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_destruction_batches_created_by_people")),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_destruction_batches_ended_by_people")),
        sa.ForeignKeyConstraint(["executed_by"], ["people.id"], name=op.f("fk_destruction_batches_executed_by_people")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_destruction_batches_key_id_data_keys")),
        sa.ForeignKeyConstraint(["submitted_by"], ["people.id"], name=op.f("fk_destruction_batches_submitted_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_batches")),
        sa.UniqueConstraint("number", name=op.f("uq_destruction_batches_number")),
    )
    with op.batch_alter_table("destruction_batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_batches_state"), ["state"], unique=False)
    op.create_table(
        "destruction_notices",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("department", sa.String(length=80), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.String(length=36), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_destruction_notices_batch_id_destruction_batches")
        ),
        sa.ForeignKeyConstraint(["received_by"], ["people.id"], name=op.f("fk_destruction_notices_received_by_people")),
        sa.PrimaryKeyConstraint("batch_id", "department", name=op.f("pk_destruction_notices")),
    )
    op.create_table(
        "destruction_witnesses",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("capacity", sa.String(length=12), nullable=False),
        sa.Column("named_by", sa.String(length=36), nullable=False),
        sa.Column("named_at", UtcDateTime(), nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=True),
        sa.Column("counted_items", sa.Integer(), nullable=True),
        sa.Column("counted_pages", sa.Integer(), nullable=True),
        sa.Column("matched", sa.Boolean(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("signed_items", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_destruction_witnesses_batch_id_destruction_batches")
        ),
        sa.ForeignKeyConstraint(["named_by"], ["people.id"], name=op.f("fk_destruction_witnesses_named_by_people")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_destruction_witnesses_person_id_people")),
        sa.PrimaryKeyConstraint("batch_id", "person_id", name=op.f("pk_destruction_witnesses")),
    )
    with op.batch_alter_table("destruction_witnesses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_witnesses_person_id"), ["person_id"], unique=False)
    op.create_table(
        "destruction_lines",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opinion", sa.String(length=12), nullable=True),
        sa.Column("opinion_by", sa.String(length=36), nullable=True),
        sa.Column("opinion_at", UtcDateTime(), nullable=True),
        sa.Column("opinion_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("extend_until", sa.Date(), nullable=True),
        sa.Column("reference_code", sa.String(length=80), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("volume", sa.String(length=40), nullable=True),
        sa.Column("department", sa.String(length=80), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("retention", sa.String(length=40), nullable=True),
        sa.Column("period", sa.String(length=24), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("obstacle", sa.String(length=12), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_destruction_lines_batch_id_destruction_batches")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_destruction_lines_item_id_items")),
        sa.ForeignKeyConstraint(["opinion_by"], ["people.id"], name=op.f("fk_destruction_lines_opinion_by_people")),
        sa.PrimaryKeyConstraint("batch_id", "item_id", name=op.f("pk_destruction_lines")),
    )
    with op.batch_alter_table("destruction_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_lines_item_id"), ["item_id"], unique=False)
        batch_op.create_index("ix_destruction_lines_position", ["batch_id", "position"], unique=True)
    op.create_table(
        "destruction_objections",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_destruction_objections_batch_id_destruction_batches")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_destruction_objections_by_id_people")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_destruction_objections_decided_by_people")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_destruction_objections_item_id_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_objections")),
    )
    with op.batch_alter_table("destruction_objections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_objections_batch_id"), ["batch_id"], unique=False)
    op.create_table(
        "retention_extensions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_retention_extensions_batch_id_destruction_batches")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_retention_extensions_by_id_people")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_retention_extensions_item_id_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_extensions")),
    )
    with op.batch_alter_table("retention_extensions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_extensions_item_id"), ["item_id"], unique=False)


def downgrade() -> None:
    for table in (
        "retention_extensions",
        "destruction_objections",
        "destruction_lines",
        "destruction_witnesses",
        "destruction_notices",
        "destruction_batches",
    ):
        op.drop_table(table)
