"""What the auditors' room keeps: where in the ledger a person, an item, a request or a grant is named, and inspections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class AuditMention(Base):
    """An entry names something: ``kind`` is ``person``, ``item``, ``party``, ``access`` or ``grant``. It follows from the entry
    alone and is written after it, so an entry stays one row for whoever appends."""

    __tablename__ = "audit_mentions"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AuditProgress(Base):
    """One row: up to which entry mentions are written."""

    __tablename__ = "audit_progress"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    done: Mapped[int] = mapped_column(BigInteger, default=0)


class Inspection(Base):
    """A leader's inspection of how the archive is kept (公司领导定期检查, behaviour 28), what was found, and what became of it.
    What is written about people and items is written by reference."""

    __tablename__ = "leader_inspections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    inspected_on: Mapped[str] = mapped_column(String(10))
    scope: Mapped[str] = mapped_column(Text)
    findings: Mapped[str] = mapped_column(Text)
    item_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(12), index=True)
    due_on: Mapped[str | None] = mapped_column(String(10))
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What was answered and decided since, oldest first: act, person, time, text. Nothing is taken out again."""
