"""Incidents (损坏、涂改、遗失, behaviour 16): what has happened to paper or to a stored object. One register, for access that lends
and for custody that re-reads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Incident(Base):
    """``kind`` is ``loss``, ``damage`` or ``alteration``. What was written of it is under the item's key."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    loan_id: Mapped[str | None] = mapped_column(String(36), index=True)
    copy_id: Mapped[str | None] = mapped_column(String(36), index=True)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    reported_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    outcome: Mapped[str | None] = mapped_column(String(12))
    outcome_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    settled_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
