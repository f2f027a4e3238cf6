"""Who changed what of an entry, and on what evidence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Correction(Base):
    """``what`` is ``field``, ``type``, ``business_type``, ``customer_type`` or ``title``; ``field_value_id``: the new or the
    confirmed value of a field; ``before_sealed``: what anything else was. Evidence: a note, a page, another item."""

    __tablename__ = "corrections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(String(16))
    field_value_id: Mapped[str | None] = mapped_column(ForeignKey("field_values.id"))
    before_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    after_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    evidence_page: Mapped[int | None] = mapped_column(Integer)
    evidence_item_id: Mapped[str | None] = mapped_column(ForeignKey("items.id"))
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
