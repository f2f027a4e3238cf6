"""Identities of a sign-in provider"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outside_logins",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_outside_logins_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_logins")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_outside_logins_issuer_subject")),
    )
    op.create_index(op.f("ix_outside_logins_person_id"), "outside_logins", ["person_id"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("state_digest", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("next", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_sign_in_attempts")),
    )


def downgrade() -> None:
    op.drop_table("sign_in_attempts")
    op.drop_table("outside_logins")
