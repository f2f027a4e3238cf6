"""Answers already given, by idempotency key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class IdempotentAnswer(Base):
    """The first answer to a creating request, given again to its repetitions. Bodies hold ids, never content."""

    __tablename__ = "idempotent_answers"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    route: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
