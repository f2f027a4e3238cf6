"""What the four checks gave"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "property_checks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=8), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_property_checks_item_id_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property_checks")),
    )
    with op.batch_alter_table("property_checks", schema=None) as batch_op:
        batch_op.create_index("ix_property_checks_item_id_at", ["item_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_property_checks_occasion"), ["occasion"], unique=False)
        batch_op.create_index(batch_op.f("ix_property_checks_passed"), ["passed"], unique=False)


def downgrade() -> None:
    op.drop_table("property_checks")
