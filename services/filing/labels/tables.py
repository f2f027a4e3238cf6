"""Labels that were printed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Label(Base):
    """A label that was printed for an item's box: with which period and class. Where these have changed since, the box is to
    be labelled anew (behaviour 6)."""

    __tablename__ = "labels"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    retention: Mapped[str] = mapped_column(String(40))
    period: Mapped[str] = mapped_column(String(24))
    policy: Mapped[int] = mapped_column(Integer)
    printed_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    printed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
