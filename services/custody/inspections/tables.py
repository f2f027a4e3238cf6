"""Plans and what was found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class CustodyPlan(Base):
    """``points`` are looked at every ``every_days`` days, next on ``next_on`` (a day of the office's calendar);
    ``reminded_on``: the due day of which people were told."""

    __tablename__ = "custody_plans"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(String(120))
    room_id: Mapped[str | None] = mapped_column(ForeignKey("store_rooms.id"))
    every_days: Mapped[int] = mapped_column(Integer)
    points: Mapped[list[str]] = mapped_column(JSON)
    next_on: Mapped[date] = mapped_column(Date)
    reminded_on: Mapped[date | None] = mapped_column(Date)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class CustodyInspection(Base):
    """What was found on one day: each point with ``ok`` and a ``note``, by reference and without names. ``settled_at`` is None
    while something is to be mended."""

    __tablename__ = "custody_inspections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("custody_plans.id"), index=True)
    inspected_on: Mapped[date] = mapped_column(Date)
    points: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    settled_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    settlement: Mapped[str | None] = mapped_column(Text)
