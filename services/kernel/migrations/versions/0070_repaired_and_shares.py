"""What was repaired, and what share a party holds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("field_values", sa.Column("repaired", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("field_values", sa.Column("share", sa.String(length=20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("field_values", schema=None) as batch_op:
        batch_op.drop_column("share")
        batch_op.drop_column("repaired")
