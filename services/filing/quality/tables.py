"""Checks: a lot of items, its pages, and what was found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class QualityCheck(Base):
    """A lot (检验批). ``seed`` and ``share`` make the sample again: see ``sampling``; ``policy``: the version they are from."""

    __tablename__ = "quality_checks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    checker_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    seed: Mapped[str] = mapped_column(String(64))
    share: Mapped[float] = mapped_column(Float)
    policy: Mapped[int] = mapped_column(Integer)
    widened: Mapped[bool] = mapped_column(Boolean, default=False)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    items: Mapped[list[CheckedItem]] = relationship(order_by="CheckedItem.item_id")
    pages: Mapped[list[CheckedPage]] = relationship(order_by="CheckedPage.item_id, CheckedPage.number")


class CheckedItem(Base):
    """An item in a lot, at one revision; ``passed`` once the lot is closed."""

    __tablename__ = "checked_items"

    check_id: Mapped[str] = mapped_column(ForeignKey("quality_checks.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    revision: Mapped[int] = mapped_column(Integer)
    passed: Mapped[bool | None] = mapped_column(Boolean)


class CheckedPage(Base):
    """A page in a lot. ``findings``: what the program found (codes); ``drawn``: why a person looks at it (``sample``,
    ``finding``, ``widened``), None where nobody has to; ``reason``: why it did not pass."""

    __tablename__ = "checked_pages"
    __table_args__ = (UniqueConstraint("check_id", "item_id", "number"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    check_id: Mapped[str] = mapped_column(ForeignKey("quality_checks.id"))
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    findings: Mapped[list[str]] = mapped_column(JSON, default=list)
    drawn: Mapped[str | None] = mapped_column(String(8))
    passed: Mapped[bool | None] = mapped_column(Boolean)
    reason: Mapped[str | None] = mapped_column(String(40))
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    seen_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
