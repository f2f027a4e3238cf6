"""What was last seen of each stored object."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class Result(StrEnum):
    """``REPAIRED``: one copy was not what was stored and is again; ``DAMAGED``: no copy is."""

    OK = "ok"
    REPAIRED = "repaired"
    DAMAGED = "damaged"


class ObjectCheck(Base):
    """The last look at one object in all its copies; it goes with the object's row. ``faults``: copy → what was wrong with it
    (``missing``, ``changed``, ``unreadable``)."""

    __tablename__ = "object_checks"
    __table_args__ = (Index("ix_object_checks_result", "result", "blob_id"),)

    blob_id: Mapped[str] = mapped_column(ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    result: Mapped[str] = mapped_column(String(8))
    faults: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
