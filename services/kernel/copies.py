"""Tracked copies (复制件登记): each copy that was handed out, in paper or as a file, until it is given back or destroyed.

A destruction reaches the copies too, so the register is the kernel's: filing makes the general manager's, access all others.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class CopyState(StrEnum):
    OUT = "out"
    RETURNED = "returned"
    DESTROYED = "destroyed"
    LOST = "lost"


class TrackedCopy(Base):
    """One copy. ``number`` counts the item's copies from 1 and stands in the watermark; ``ground``: the grant that it was made
    under, or the standing authorisation (``policy:<version>``); ``purpose_sealed`` is under the item's key."""

    __tablename__ = "tracked_copies"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    form: Mapped[str] = mapped_column(String(12))
    holder_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    made_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    ground: Mapped[str] = mapped_column(String(60))
    purpose_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(12), default=CopyState.OUT)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))

    @property
    def gone(self) -> bool:
        """Whether it was seen destroyed. One that came back still is one; one that is lost may turn up."""
        return self.state == CopyState.DESTROYED
