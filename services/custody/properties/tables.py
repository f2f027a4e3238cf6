"""What the four checks gave."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class PropertyCheck(Base):
    """One item on one occasion: ``filing``, ``transfer`` or ``storage``. ``checks``: each with its property, whether it passed
    (None: does not apply), and codes. Rows are never changed."""

    __tablename__ = "property_checks"
    __table_args__ = (Index("ix_property_checks_item_id_at", "item_id", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"))
    revision: Mapped[int] = mapped_column(Integer)
    occasion: Mapped[str] = mapped_column(String(8), index=True)
    passed: Mapped[bool] = mapped_column(Boolean, index=True)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
