"""Signatures under a request, a batch, a change: whatever policy wants approved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Approval(Base):
    """One decision, never changed. It holds for the subject as it was: ``digest`` is that of its content, so that what is
    changed needs new ones. ``for_id``: the person on whose behalf it was given; ``policy``: the version that asked for it."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_subject", "kind", "subject_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(36))
    digest: Mapped[str] = mapped_column(String(64))
    round: Mapped[int] = mapped_column(Integer)
    approver: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(24))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    natural_id: Mapped[str] = mapped_column(String(36))
    for_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    approves: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text, default="")
    policy: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
