"""The register of numbers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class NumberState(StrEnum):
    DRAFT = "draft"
    FINAL = "final"
    RESERVED = "reserved"
    VOID = "void"


class ReferenceNumber(Base):
    """One number of one series. ``item_id`` is None for what is reserved; ``reason`` says why it is reserved or void, and
    nothing about a person."""

    __tablename__ = "reference_numbers"
    __table_args__ = (UniqueConstraint("series", "number"),)

    code: Mapped[str] = mapped_column(String(80), primary_key=True)
    series: Mapped[str] = mapped_column(String(70))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(8), index=True)
    item_id: Mapped[str | None] = mapped_column(ForeignKey("items.id"), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    by_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
