"""Tombstones"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kernel.clock import UtcDateTime

revision = "0090"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tombstones",
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime(), nullable=True),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("outside", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_tombstones")),
        sa.UniqueConstraint("number", name=op.f("uq_tombstones_number")),
    )
    with op.batch_alter_table("tombstones", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tombstones_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tombstones_outside"), ["outside"], unique=False)


def downgrade() -> None:
    op.drop_table("tombstones")
