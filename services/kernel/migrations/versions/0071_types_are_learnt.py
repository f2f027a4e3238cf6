"""What decided a type, and the models that learn it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "type_models",
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learned", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("right_before", sa.Integer(), nullable=False),
        sa.Column("right_after", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("arrays", sa.LargeBinary(), nullable=True),
    )
    op.add_column("items", sa.Column("type_by", sa.String(length=40), nullable=True))
    op.add_column("items", sa.Column("type_words_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_column("type_words_sealed")
        batch_op.drop_column("type_by")
    op.drop_table("type_models")
