"""What belongs to one backup: the set. It names its chunks; it is written last, so that what has a set is whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from services.kernel.errors import IntegrityError

FORMAT = "muniment-backup/1"


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table: ``columns`` with their kinds (``rows``), its chunks in order. ``digest`` is the sum of the SHA-256 of all its
    rows, as 64 hexadecimal digits: whatever order a database gives them in."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    digest: str
    chunks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackupSet:
    """``ledger_size`` is how many entries the ledger had at that moment, ``tombstones`` how many items had been destroyed.
    ``index``: with what it was searched, and how many items; it is built anew, never kept. ``problems``: what is not in it."""

    id: str
    taken_at: str
    revision: str
    dialect: str
    ledger_size: int
    tombstones: int
    tables: tuple[TableCopy, ...]
    index: dict[str, Any]
    problems: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.taken_at)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def chunks(self) -> frozenset[str]:
        return frozenset(chunk for table in self.tables for chunk in table.chunks)

    def table(self, name: str) -> TableCopy:
        return next(table for table in self.tables if table.name == name)

    def with_problems(self, problems: tuple[str, ...]) -> BackupSet:
        return replace(self, problems=problems)

    def to_bytes(self) -> bytes:
        return json.dumps({"format": FORMAT} | asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> BackupSet:
        """Raises ``IntegrityError`` for what is none of ours."""
        try:
            told = json.loads(data)
            if told.pop("format") != FORMAT:
                raise ValueError("another format")
            tables = [
                TableCopy(**each | {"columns": tuple(map(tuple, each["columns"])), "chunks": tuple(each["chunks"])})
                for each in told.pop("tables")
            ]
            return cls(**told | {"tables": tuple(tables), "problems": tuple(told["problems"])})
        except (ValueError, KeyError, TypeError):
            raise IntegrityError(
                "A backup is of a form that this program does not know. Use the release that made it."
            ) from None
