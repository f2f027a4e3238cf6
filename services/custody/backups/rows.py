"""Rows of the catalogue as lines of JSON, the same from SQLite and PostgreSQL, so that a backup of one restores into the other.

The tables are those that the database has, not those that this program knows: a newer release may have been here.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Connection, Date, DateTime, LargeBinary, MetaData, Table

LEFT_OUT = frozenset({"alembic_version", "seals", "leaders"})
"""What a restored archive has of its own: the state of its tables, its seal, who leads at present."""

WITHHELD: Mapping[str, str] = {"data_keys": "wrapped", "lookup_roots": "wrapped"}
"""Wrapped keys, by table: they go elsewhere than what they open."""

Coder = Callable[[Any], Any]


def tables(connection: Connection) -> list[Table]:
    """All that are backed up; what others refer to comes first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def kinds(table: Table) -> list[tuple[str, str]]:
    """Columns and how their values are written: ``bytes``, ``moment``, ``day``, ``json`` or ``plain``."""
    return [(column.name, _kind(column.type)) for column in table.columns]


def _kind(of: Any) -> str:
    for kind, types in (("bytes", LargeBinary), ("moment", DateTime), ("day", Date), ("json", JSON)):
        if isinstance(of, types):
            return kind
    return "plain"


def encode(values: Sequence[Any], columns: Sequence[tuple[str, str]]) -> bytes:
    """One row as canonical JSON: the same row is always the same bytes."""
    told = [None if value is None else WRITE[kind](value) for value, (_, kind) in zip(values, columns, strict=True)]
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(line: bytes, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The row's values by column."""
    told = json.loads(line)
    return {name: None if value is None else READ[kind](value) for value, (name, kind) in zip(told, columns, strict=True)}


def _moment(value: datetime) -> str:
    """SQLite gives moments without a zone, which are UTC."""
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()


def _same(value: Any) -> Any:
    return value


WRITE: Mapping[str, Coder] = {
    "bytes": lambda value: b64encode(value).decode(),
    "moment": _moment,
    "day": date.isoformat,
    "json": _same,
    "plain": _same,
}
READ: Mapping[str, Coder] = {
    "bytes": b64decode,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "json": _same,
    "plain": _same,
}
