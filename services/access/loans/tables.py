"""Loans."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class LoanState(StrEnum):
    OUT = "out"
    RETURNED = "returned"
    LOST = "lost"


class Loan(Base):
    """One original in one person's hands. Conditions are codes (``good``, ``worn``, ``damaged``, ``incomplete``)."""

    __tablename__ = "loans"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    borrower_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    lent_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    lent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    condition_out: Mapped[str] = mapped_column(String(12))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str] = mapped_column(String(12), default=LoanState.OUT, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    condition_in: Mapped[str | None] = mapped_column(String(12))
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
