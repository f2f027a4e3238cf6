"""Trigger events, and the runs over the schedule."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class RetentionEvent(Base):
    """A trigger (触发事件) of an item, or of all that lies in a customer's file: on ``day`` of the office's calendar. A person
    recorded it, or it was derived from the verified value ``field_value_id``; no ``day``: that value names none. Withdrawn, it
    starts no clock: a sale that was cancelled (退房) opens it again. Notes are under the key of the item or file."""

    __tablename__ = "retention_events"
    __table_args__ = (
        CheckConstraint("(item_id IS NULL) <> (file_id IS NULL)", name="one_target"),
        Index("ix_retention_events_item", "item_id", "name"),
        Index("ix_retention_events_file", "file_id", "name"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40))
    day: Mapped[date | None] = mapped_column(Date)
    item_id: Mapped[str | None] = mapped_column(ForeignKey("items.id"))
    file_id: Mapped[str | None] = mapped_column(ForeignKey("case_files.id"))
    field_value_id: Mapped[str | None] = mapped_column(String(36), index=True)
    by_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    withdrawal_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class RunState(StrEnum):
    ORDERED = "ordered"
    WAITING = "waiting"
    """Something is in doubt: nothing is due until a person has confirmed it."""
    DONE = "done"
    DROPPED = "dropped"
    """Overtaken by a later one before anyone confirmed it."""


class RetentionRun(Base):
    """One run over the schedule, for a day and under a version of policy. ``doubts``: what a person must confirm first
    (``clock_ahead``, ``clock_behind``, ``policy``); the numbers say what it changed."""

    __tablename__ = "retention_runs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    day: Mapped[date] = mapped_column(Date)
    policy: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(8), default=RunState.ORDERED, index=True)
    doubts: Mapped[list[str]] = mapped_column(JSON, default=list)
    ordered_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reached: Mapped[str | None] = mapped_column(String(36))
    """The last item that it has looked at: where it goes on after an interruption."""
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
