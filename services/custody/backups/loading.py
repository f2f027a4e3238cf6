"""A backup's rows into an empty catalogue, in one transaction: afterwards they are all there, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, text, update

from services.custody.backups.depot import OpenDepot
from services.custody.backups.objects import rows_of
from services.custody.backups.rows import LEFT_OUT, WITHHELD, tables
from services.custody.backups.sets import BackupSet
from services.kernel.errors import IntegrityError

ROWS_AT_ONCE = 500


def load(
    connection: Connection,
    backup: BackupSet,
    key_set: BackupSet,
    *,
    catalogue: OpenDepot,
    keys: OpenDepot,
    beat: Callable[[], None],
) -> None:
    """Puts all rows in the place of what the migrations wrote. ``key_set`` may be newer than ``backup``: of the keys that both
    know, what it does not have was destroyed since."""
    there = {table.name: table for table in tables(connection)}
    missing = {table.name for table in backup.tables} - there.keys() - LEFT_OUT
    if missing:
        raise IntegrityError(f"This program does not know the tables {sorted(missing)}. Use the release that made the backup.")
    with _references_later(connection, list(there.values())):
        for table in reversed(there.values()):
            connection.execute(delete(table))
        for copy in backup.tables:
            for some in _some(rows_of(catalogue, copy)):
                connection.execute(insert(there[copy.name]), some)
                beat()
        for copy in key_set.tables:
            for some in _some(rows_of(keys, copy)):
                _give_keys(connection, there[copy.name], some)
                beat()


def _some(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """A few hundred at a time."""
    remaining = iter(rows)
    while some := [dict(row) for row in islice(remaining, ROWS_AT_ONCE)]:
        yield some


def _give_keys(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    secret = WITHHELD[table.name]
    (primary,) = table.primary_key.columns
    matches = primary == bindparam("the_key")
    statement = update(table).where(matches).values({secret: bindparam("the_secret")})
    connection.execute(statement, [{"the_key": row[primary.name], "the_secret": row[secret]} for row in rows])


@contextmanager
def _references_later(connection: Connection, there: list[Table]) -> Iterator[None]:
    """References are proven when all rows are there: rows of one table refer to each other in any order."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        yield
        return
    keys = [(table.name, key.name) for table in there for key in table.foreign_key_constraints]
    for table, key in keys:
        connection.execute(text(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" DEFERRABLE INITIALLY DEFERRED'))
    yield
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for table, key in keys:
        connection.execute(text(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" NOT DEFERRABLE'))
