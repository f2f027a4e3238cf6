"""The ledger's rows: the entries, the one row that holds the tree's head, and what was signed of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
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


class LedgerTile(Base):
    """The root of a complete subtree of 256^``level`` entries, the ``position``-th of its level, from level 1 on: what a proof
    is made of without reading all entries (the spacing of C2SP tlog-tiles). It follows from the entries and is written after
    them."""

    __tablename__ = "ledger_tiles"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerCheckpoint(Base):
    """A signed checkpoint (``note``) over the first ``size`` entries, with the peaks of their tree. ``stored``: whether it lies
    in the write-once store too. Rows are never changed otherwise."""

    __tablename__ = "ledger_checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    peaks: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    stored: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false(), index=True)
