"""Store rooms with their readings, and inspections by plan"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None

MOMENT, ID = sa.DateTime(timezone=True), sa.String(length=36)


def upgrade() -> None:
    op.create_table(
        "store_rooms",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("temperature_low", sa.Float(), nullable=True),
        sa.Column("temperature_high", sa.Float(), nullable=True),
        sa.Column("humidity_low", sa.Float(), nullable=True),
        sa.Column("humidity_high", sa.Float(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_store_rooms_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_rooms")),
        sa.UniqueConstraint("name", name=op.f("uq_store_rooms_name")),
    )
    op.create_table(
        "room_readings",
        sa.Column("id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("temperature", sa.Float(), nullable=False),
        sa.Column("humidity", sa.Float(), nullable=False),
        sa.Column("within", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("by_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_room_readings_by_id_people")),
        sa.ForeignKeyConstraint(["room_id"], ["store_rooms.id"], name=op.f("fk_room_readings_room_id_store_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_readings")),
    )
    with op.batch_alter_table("room_readings", schema=None) as batch_op:
        batch_op.create_index("ix_room_readings_room_id_at", ["room_id", "at"], unique=True)
    op.create_table(
        "custody_plans",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("room_id", ID, nullable=True),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_custody_plans_by_id_people")),
        sa.ForeignKeyConstraint(["room_id"], ["store_rooms.id"], name=op.f("fk_custody_plans_room_id_store_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_plans")),
    )
    op.create_table(
        "custody_inspections",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("plan_id", ID, nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", ID, nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_custody_inspections_by_id_people")),
        sa.ForeignKeyConstraint(["plan_id"], ["custody_plans.id"], name=op.f("fk_custody_inspections_plan_id_custody_plans")),
        sa.ForeignKeyConstraint(["settled_by"], ["people.id"], name=op.f("fk_custody_inspections_settled_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_inspections")),
        sa.UniqueConstraint("number", name=op.f("uq_custody_inspections_number")),
    )
    with op.batch_alter_table("custody_inspections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_custody_inspections_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_custody_inspections_settled_at"), ["settled_at"], unique=False)


def downgrade() -> None:
    op.drop_table("custody_inspections")
    op.drop_table("custody_plans")
    op.drop_table("room_readings")
    op.drop_table("store_rooms")
