"""Trigger events, runs over the schedule, and who released a hold"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_events",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("file_id", sa.String(length=36), nullable=True),
        sa.Column("field_value_id", sa.String(length=36), nullable=True),
        sa.Column("by_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=36), nullable=True),
        sa.Column("withdrawal_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(item_id IS NULL) <> (file_id IS NULL)", name=op.f("ck_retention_events_one_target")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_retention_events_item_id_items")),
        sa.ForeignKeyConstraint(["file_id"], ["case_files.id"], name=op.f("fk_retention_events_file_id_case_files")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_retention_events_by_id_people")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["people.id"], name=op.f("fk_retention_events_withdrawn_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_events")),
    )
    op.create_index("ix_retention_events_item", "retention_events", ["item_id", "name"])
    op.create_index("ix_retention_events_file", "retention_events", ["file_id", "name"])
    op.create_index(op.f("ix_retention_events_field_value_id"), "retention_events", ["field_value_id"])
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("doubts", sa.JSON(), nullable=False),
        sa.Column("ordered_by", sa.String(length=36), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=36), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached", sa.String(length=36), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["ordered_by"], ["people.id"], name=op.f("fk_retention_runs_ordered_by_people")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["people.id"], name=op.f("fk_retention_runs_confirmed_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_runs")),
    )
    op.create_index(op.f("ix_retention_runs_state"), "retention_runs", ["state"])
    op.add_column("items", sa.Column("retention_class", sa.String(length=40), nullable=True))
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("released_by", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("release_sealed", sa.LargeBinary(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_holds_number"), ["number"])
        batch_op.create_foreign_key(batch_op.f("fk_holds_released_by_people"), "people", ["released_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_holds_released_by_people"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_holds_number"), type_="unique")
        batch_op.drop_column("release_sealed")
        batch_op.drop_column("released_by")
        batch_op.drop_column("reminded_at")
        batch_op.drop_column("number")
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_column("retention_class")
    op.drop_table("retention_runs")
    op.drop_table("retention_events")
