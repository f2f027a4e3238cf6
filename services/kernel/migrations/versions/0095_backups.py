"""Backups, and the seal on what was restored from one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0095"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seals",
        sa.Column("backup_id", sa.String(length=80), primary_key=True),
        sa.Column("ledger_size", sa.BigInteger(), nullable=False),
        sa.Column("laid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "backups",
        sa.Column("id", sa.String(length=80), primary_key=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ledger_size", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("objects", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("new_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verify_problems", sa.JSON(), nullable=True),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_backups_begun_at", "backups", ["begun_at"])


def downgrade() -> None:
    op.drop_table("backups")
    op.drop_table("seals")
