"""Look-up keys follow each other"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from services.kernel.clock import UtcDateTime

revision = "0060"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "lookup_roots",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("master", sa.String(length=80), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_lookup_roots")),
    )
    op.bulk_insert(made, [{"number": 0, "since": datetime.now(UTC)}])  # the key file's


def downgrade() -> None:
    op.drop_table("lookup_roots")
