"""A restored archive is sealed: no process of it starts, no door opens, until everything that was destroyed since the backup
was destroyed in it again (hard cases 5 and 6). The seal is laid in the transaction that makes the tables: nobody is faster.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Connection, String, Text, false, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base, Database
from services.kernel.errors import Conflict


class Seal(Base):
    """``backup_id`` is what was restored, over ``ledger_size`` entries; ``loaded``: whether its rows are in the catalogue.
    ``missing`` says what keeps the doors shut; ``opened_at`` when they were opened."""

    __tablename__ = "seals"

    backup_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    ledger_size: Mapped[int] = mapped_column(BigInteger)
    laid_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    loaded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    missing: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Sealed(Conflict):
    """The archive was restored, and may not be opened yet."""

    code, title = "sealed", "Restored and not yet open"


def lay(connection: Connection, backup_id: str, ledger_size: int) -> None:
    connection.execute(insert(Seal).values(backup_id=backup_id, ledger_size=ledger_size, laid_at=now()))


def laid(database: Database) -> Seal | None:
    """The seal that keeps this archive shut; None where none does."""
    with database.read() as session:
        return session.scalar(select(Seal).where(Seal.opened_at.is_(None)))


def refuse(database: Database) -> None:
    """Raises ``Sealed`` where the archive may not be opened."""
    if seal := laid(database):
        raise Sealed(
            f"This archive was restored from {seal.backup_id} and is sealed. "
            + (seal.missing or "The restore has not ended: run “muniment restore” again, with the same backup.")
        )
