"""The record of conduct."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class ConductRecord(Base):
    """A reward or a violation. ``cause`` is a code, ``entered_by`` None where the archive itself noticed; ``amends``: an
    earlier record that this one corrects. ``text_sealed`` is under the record's own data key."""

    __tablename__ = "conduct_records"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(40))
    key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    item_id: Mapped[str | None] = mapped_column(ForeignKey("items.id"))
    amends: Mapped[str | None] = mapped_column(ForeignKey("conduct_records.id"))
    entered_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
