"""Which value was uncovered by whom, and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class FieldReveal(Base):
    """``reason_sealed`` is under the item's key, for a reason may name somebody; it goes with the item."""

    __tablename__ = "field_reveals"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    field_value_id: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    grant_id: Mapped[str | None] = mapped_column(String(36))
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
