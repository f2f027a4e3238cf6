"""Handover packages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0103"
down_revision = "0102"
branch_labels = None
depends_on = None

MOMENT, ID = sa.DateTime(timezone=True), sa.String(length=36)


def upgrade() -> None:
    op.create_table(
        "packages",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("receiver", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", ID, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("ended_by", ID, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_packages_ended_by_people")),
        sa.ForeignKeyConstraint(["opened_by"], ["people.id"], name=op.f("fk_packages_opened_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packages")),
        sa.UniqueConstraint("number", name=op.f("uq_packages_number")),
    )
    with op.batch_alter_table("packages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_packages_state"), ["state"], unique=False)
    op.create_table(
        "package_lines",
        sa.Column("package_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_package_lines_item_id_items")),
        sa.ForeignKeyConstraint(["package_id"], ["packages.id"], name=op.f("fk_package_lines_package_id_packages")),
        sa.PrimaryKeyConstraint("package_id", "item_id", name=op.f("pk_package_lines")),
    )
    with op.batch_alter_table("package_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_package_lines_item_id"), ["item_id"], unique=False)


def downgrade() -> None:
    op.drop_table("package_lines")
    op.drop_table("packages")
