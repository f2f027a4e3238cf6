"""Store rooms and readings of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class StoreRoom(Base):
    """A room that paper is kept in. Its ranges are policy's unless it has its own (°C, percent): film wants it colder. One that
    is given up stays with its readings. ``reminded_at``: when somebody was last told that a reading is overdue."""

    __tablename__ = "store_rooms"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    temperature_low: Mapped[float | None] = mapped_column(Float)
    temperature_high: Mapped[float | None] = mapped_column(Float)
    humidity_low: Mapped[float | None] = mapped_column(Float)
    humidity_high: Mapped[float | None] = mapped_column(Float)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoomReading(Base):
    """Temperature and humidity at one moment; ``within``: by the ranges that held then. ``note`` says what was done about it.
    Rows are never changed."""

    __tablename__ = "room_readings"
    __table_args__ = (Index("ix_room_readings_room_id_at", "room_id", "at", unique=True),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    room_id: Mapped[str] = mapped_column(ForeignKey("store_rooms.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    temperature: Mapped[float] = mapped_column(Float)
    humidity: Mapped[float] = mapped_column(Float)
    within: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(String(500))
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
