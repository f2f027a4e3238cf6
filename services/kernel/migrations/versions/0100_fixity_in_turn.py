"""What was last seen of each object, and incidents of objects"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0095"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "object_checks",
        sa.Column("blob_id", sa.String(length=36), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_object_checks_blob_id_blobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_object_checks")),
    )
    with op.batch_alter_table("object_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_object_checks_checked_at"), ["checked_at"], unique=False)
        batch_op.create_index("ix_object_checks_result", ["result", "blob_id"], unique=False)
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.alter_column("item_id", existing_type=sa.String(length=36), nullable=True)
        batch_op.alter_column("text_sealed", existing_type=sa.LargeBinary(), nullable=True)
        batch_op.alter_column("reported_by", existing_type=sa.String(length=36), nullable=True)
        batch_op.add_column(sa.Column("blob_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("key_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("details", sa.JSON(), nullable=True))
        batch_op.create_index(batch_op.f("ix_incidents_blob_id"), ["blob_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_incidents_key_id_data_keys"), "data_keys", ["key_id"], ["id"])


def downgrade() -> None:
    """Incidents of objects go: the release before has no place for them."""
    op.execute("DELETE FROM incidents WHERE blob_id IS NOT NULL")
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_incidents_key_id_data_keys"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_incidents_blob_id"))
        batch_op.drop_column("details")
        batch_op.drop_column("key_id")
        batch_op.drop_column("blob_id")
        batch_op.alter_column("reported_by", existing_type=sa.String(length=36), nullable=False)
        batch_op.alter_column("text_sealed", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.alter_column("item_id", existing_type=sa.String(length=36), nullable=False)
    op.drop_table("object_checks")
