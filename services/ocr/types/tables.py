"""Versions of the model that says what a document is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class TypeModelVersion(Base):
    """One training: from how many documents of which people said what they are, how many of those held back the model before
    and this one took for what they are, and whether this one took its place. ``arrays``: numpy's own format, without pickles;
    None for one that was refused."""

    __tablename__ = "type_models"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    learned: Mapped[int] = mapped_column(Integer)
    held: Mapped[int] = mapped_column(Integer)
    right_before: Mapped[int] = mapped_column(Integer)
    right_after: Mapped[int] = mapped_column(Integer)
    accepted: Mapped[bool] = mapped_column(Boolean)
    arrays: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
