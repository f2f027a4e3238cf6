"""How an execution goes, and the certificate in which it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class DestructionRun(Base):
    """One batch's execution. ``position``: the ledger's entry with which it began; ``attempt`` counts how often it was sent
    off; ``lines_per_minute``: the speed limit, none where empty; ``paused_by`` is empty where the archive itself stopped it,
    for the ``pause_reason``. ``failures``: what stands in the way, by store; ``report``: what the verification saw."""

    __tablename__ = "destruction_runs"

    batch_id: Mapped[str] = mapped_column(ForeignKey("destruction_batches.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    lines_per_minute: Mapped[int | None] = mapped_column(Integer)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    pause_reason: Mapped[str | None] = mapped_column(String(24))
    failures: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    report: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_position: Mapped[int | None] = mapped_column(BigInteger)


class DestructionCertificate(Base):
    """The certificate (销毁证明); one a batch, and never changed. ``note`` is the signed text, ``pdf`` the same to look at."""

    __tablename__ = "destruction_certificates"

    batch_id: Mapped[str] = mapped_column(ForeignKey("destruction_batches.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    position: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    pdf: Mapped[bytes] = mapped_column(LargeBinary)
