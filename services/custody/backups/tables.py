"""Which backups were made, and how it went with them, as far as the catalogue knows: what lies in the stores is the truth."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class BackupState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    INCOMPLETE = "incomplete"
    """Kept, and something is not in it."""
    FAILED = "failed"


class Backup(Base):
    """One run. ``ledger_size`` entries had been made when its moment was taken; ``new_bytes`` is what it added to the stores.
    ``verified_at``: when a restore of it was tried last; ``pruned_at``: when its time was over."""

    __tablename__ = "backups"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), default=BackupState.RUNNING)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ledger_size: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    objects: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    new_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    problems: Mapped[list[str]] = mapped_column(JSON, default=list)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verify_problems: Mapped[list[str] | None] = mapped_column(JSON)
    pruned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
