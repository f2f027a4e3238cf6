"""Handover lists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Handover(Base):
    """A list (移交清单) from one person to another; closed once each line is decided."""

    __tablename__ = "handovers"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    giver_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    taker_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lines: Mapped[list[HandoverLine]] = relationship(order_by="HandoverLine.position")


class HandoverLine(Base):
    """``accepted`` is None until the taker decides; ``reason_sealed``, under the item's key, says why not."""

    __tablename__ = "handover_lines"

    handover_id: Mapped[str] = mapped_column(ForeignKey("handovers.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer)
    accepted: Mapped[bool | None] = mapped_column(Boolean)
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
