"""Destruction carried out, and certified"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kernel.clock import UtcDateTime

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destruction_runs",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lines_per_minute", sa.Integer(), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.String(length=36), nullable=True),
        sa.Column("pause_reason", sa.String(length=24), nullable=True),
        sa.Column("failures", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("verified_position", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_destruction_runs_batch_id_destruction_batches")
        ),
        sa.ForeignKeyConstraint(["paused_by"], ["people.id"], name=op.f("fk_destruction_runs_paused_by_people")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_destruction_runs")),
    )
    op.create_table(
        "destruction_certificates",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["destruction_batches.id"], name=op.f("fk_destruction_certificates_batch_id_destruction_batches")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_destruction_certificates")),
        sa.UniqueConstraint("number", name=op.f("uq_destruction_certificates_number")),
    )


def downgrade() -> None:
    op.drop_table("destruction_certificates")
    op.drop_table("destruction_runs")
