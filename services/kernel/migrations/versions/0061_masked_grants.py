"""Grants that leave personal data masked, and fields that are uncovered one by one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kernel.clock import UtcDateTime

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_requests", sa.Column("masked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "field_reveals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("field_value_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_field_reveals_item_id_items")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_field_reveals_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_reveals")),
    )
    with op.batch_alter_table("field_reveals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_field_reveals_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_reveals_person_id"), ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_table("field_reveals")
    with op.batch_alter_table("access_requests", schema=None) as batch_op:
        batch_op.drop_column("masked")
