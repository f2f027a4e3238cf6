"""Why an item was scanned again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rescans", sa.Column("reason", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("rescans", "reason")
