"""The ledger's rows: the entries, and the one row that holds the tree's head."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.db import Base


class LedgerEntry(Base):
    """One leaf. ``data`` is the canonical JSON that was hashed; the other columns repeat parts of it for queries."""

    __tablename__ = "ledger_entries"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32), index=True)
    actor: Mapped[str | None] = mapped_column(String(36), index=True)
    act: Mapped[str] = mapped_column(String(40), index=True)
    item_id: Mapped[str | None] = mapped_column(String(36), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerHead(Base):
    """Size of the tree and the roots of its complete subtrees, largest first: enough to append and to tell the root."""

    __tablename__ = "ledger_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    peaks: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
