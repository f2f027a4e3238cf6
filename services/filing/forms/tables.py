"""Filing forms and their lines."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class FormState(StrEnum):
    SUBMITTED = "submitted"
    SIGNED = "signed"
    RETURNED = "returned"


class FilingForm(Base):
    """A form; ``digest`` is of what was submitted, line by line. ``reason_sealed``, under the form's key: why it went back."""

    __tablename__ = "filing_forms"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    state: Mapped[str] = mapped_column(String(12), index=True, default=FormState.SUBMITTED)
    digest: Mapped[str] = mapped_column(String(64))
    policy: Mapped[int] = mapped_column(Integer)
    submitted_by: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    lines: Mapped[list[FilingLine]] = relationship(order_by="FilingLine.position")


class FilingLine(Base):
    """One item on a form, as it was then."""

    __tablename__ = "filing_lines"

    form_id: Mapped[str] = mapped_column(ForeignKey("filing_forms.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    reference_code: Mapped[str] = mapped_column(String(80))
    type: Mapped[str] = mapped_column(String(40))
    pages: Mapped[int] = mapped_column(Integer)
