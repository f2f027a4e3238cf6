"""One moment of the catalogue, into two depots: the rows into the one, the wrapped keys among them into the other."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, select

from services.custody.backups.depot import OpenDepot
from services.custody.backups.rows import WITHHELD, encode, kinds, tables
from services.custody.backups.sets import TableCopy

ROWS_AT_ONCE = 500
USUAL_ROWS, MOST_BYTES = 1024, 4 << 20
"""A chunk ends after a row whose key says so, one of so many: where rows come in between, only their chunk is another."""
DIGEST = 1 << 256


@dataclass(slots=True)
class Pieces:
    """A table on its way into a depot. ``beat`` is called with each chunk, for whoever must give a sign of life."""

    depot: OpenDepot
    beat: Callable[[], None]
    rows: int = 0
    written: int = 0
    chunks: list[str] = field(default_factory=list)
    _sum: int = 0
    _lines: list[bytes] = field(default_factory=list)
    _bytes: int = 0

    def add(self, line: bytes, key: bytes) -> None:
        self.rows += 1
        self._sum = (self._sum + digest_of(line)) % DIGEST
        self._lines.append(line)
        self._bytes += len(line) + 1
        if self._bytes >= MOST_BYTES or zlib.crc32(key) % USUAL_ROWS == 0:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            name, written = self.depot.put(b"".join(line + b"\n" for line in self._lines))
            self.chunks.append(name)
            self.written += written
            self._lines, self._bytes = [], 0
            self.beat()

    def copy(self, name: str, columns: list[tuple[str, str]]) -> TableCopy:
        self.flush()
        return TableCopy(name, tuple(columns), self.rows, f"{self._sum:064x}", tuple(self.chunks))


def digest_of(line: bytes) -> int:
    return int.from_bytes(hashlib.sha256(line).digest())


@dataclass(slots=True)
class Dumped:
    tables: list[TableCopy] = field(default_factory=list)
    keys: list[TableCopy] = field(default_factory=list)
    written: int = 0


def dump(connection: Connection, catalogue: OpenDepot, keys: OpenDepot, beat: Callable[[], None]) -> Dumped:
    """Writes all tables of the connection's snapshot. Memory stays at one chunk of each depot."""
    dumped = Dumped()
    for table in tables(connection):
        rows, secrets = Pieces(catalogue, beat), Pieces(keys, beat)
        withheld = WITHHELD.get(table.name)
        columns = [each for each in kinds(table) if each[0] != withheld]
        primary = [each for each in columns if table.columns[each[0]].primary_key]
        secret = [*primary, (withheld, "bytes")] if withheld else []
        for line, key, kept in _lines(connection, table, columns, primary, secret):
            rows.add(line, key)
            if kept is not None:
                secrets.add(kept, key)
        dumped.tables.append(rows.copy(table.name, columns))
        if withheld:
            dumped.keys.append(secrets.copy(table.name, secret))
        dumped.written += rows.written + secrets.written
    return dumped


Names = list[tuple[str, str]]


def _lines(
    connection: Connection, table: Table, columns: Names, primary: Names, secret: Names
) -> Iterator[tuple[bytes, bytes, bytes | None]]:
    """Each row, its primary key, and what is withheld of it."""
    query = select(table).order_by(*table.primary_key.columns)
    with connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as result:
        for row in result.mappings():
            key = encode([row[name] for name, _ in primary], primary)
            kept = None
            if secret and row[secret[-1][0]] is not None:
                kept = encode([row[name] for name, _ in secret], secret)
            yield encode([row[name] for name, _ in columns], columns), key, kept
