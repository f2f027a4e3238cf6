"""Where in the ledger things are named, and leaders' inspections"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_mentions",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "position", name=op.f("pk_audit_mentions")),
    )
    progress = op.create_table(
        "audit_progress",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_progress")),
    )
    op.bulk_insert(progress, [{"id": 1, "done": 0}])
    op.create_table(
        "leader_inspections",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("inspected_on", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("item_ids", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=True),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_leader_inspections_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leader_inspections")),
        sa.UniqueConstraint("number", name=op.f("uq_leader_inspections_number")),
    )
    with op.batch_alter_table("leader_inspections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_leader_inspections_state"), ["state"], unique=False)


def downgrade() -> None:
    op.drop_table("leader_inspections")
    op.drop_table("audit_progress")
    op.drop_table("audit_mentions")
