"""Whom the provider's own messages name"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0113"
down_revision = "0103"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outside_logins", sa.Column("sub", sa.String(length=255)))


def downgrade() -> None:
    op.drop_column("outside_logins", "sub")
