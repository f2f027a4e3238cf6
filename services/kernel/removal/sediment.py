"""What deleted rows leave in the catalogue's own files: free pages, the slack of pages, the write-ahead log. Contents lie there
as ciphertext only; what matters is the wrapped keys that would open it, and digests.

SQLite zeroes what it frees but not what it moves, so its file is written anew. PostgreSQL keeps row versions until a table is
written anew: by its owner (VACUUM FULL), or by whoever may call the one function that does it with the owner's rights. Its WAL
keeps copies until it is recycled, and WAL archives and base backups for good: those are the operator's to expire
(``docs/runbooks``).
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, text

from services.kernel.db import Database
from services.kernel.errors import Unavailable, Withheld
from services.kernel.ledger import journal
from services.kernel.removal.fates import FATES

ACT = "catalogue.purge"
TABLES = ("data_keys", "page_bands", "blobs", "files", "items", "jobs", *(name for name, fate in FATES.items() if fate.gone))
"""Whose old row versions tell something."""
ANEW = "muniment_write_anew(text)"
READERS_SECONDS, POLL_SECONDS = 20.0, 0.1
KEPT_ALIVE = "A reader keeps an old state of the catalogue alive. It is written anew when that has ended."
NOT_OURS = (
    "Deleted keys may still lie in PostgreSQL's files, and this account may not have them written anew. Grant it what "
    "“muniment privileges postgresql” prints, or run “muniment purge” with its owner's; the batch goes on by itself."
)


def purge(database: Database, *, actor: str | None) -> None:
    """Has the catalogue's files written anew, and enters it. Raises ``Withheld`` where this process may not, ``Unavailable``
    where a reader keeps an old state alive."""
    with database.read() as session:
        since = journal.length(session)
    if database.engine.dialect.name == "sqlite":
        _sqlite(database)
    else:
        _postgresql(database)
    with database.write() as session:
        journal.append(session, ACT, actor=actor, since=since)


def _sqlite(database: Database) -> None:
    connection = database.engine.raw_connection()
    try:
        cursor: Any = connection.cursor()
        cursor.execute("VACUUM")
        end = time.monotonic() + READERS_SECONDS
        while (busy := not _emptied(cursor)) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        cursor.close()
    except sqlite3.OperationalError as error:  # locked for too long, or the disk has no room for a second file
        raise Unavailable(f"The catalogue cannot be written anew now ({error}). It is tried again.") from error
    finally:
        connection.close()
    if busy:
        raise Unavailable(KEPT_ALIVE)


def _emptied(cursor: Any) -> bool:
    """Whether the write-ahead log is empty now. It waits for readers, but not for a writer that takes over from the log just
    then."""
    busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _postgresql(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT", muniment_read_only=True) as connection:
        statement = _statement(connection)
        _await_readers(connection)
        connection.exec_driver_sql("SET statement_timeout = 0")
        for name in TABLES:
            connection.exec_driver_sql(statement.format(name))
        connection.detach()  # nobody else gets a session whose statements may last for ever


def _await_readers(connection: Connection) -> None:
    """A table that is written anew takes along what somebody may still see: so whoever read or wrote at this moment, a backup
    for one, has to have ended. Raises ``Unavailable`` where that takes long."""
    before, end = _working(connection), time.monotonic() + READERS_SECONDS
    while before & _working(connection):
        if time.monotonic() > end:
            raise Unavailable(KEPT_ALIVE)
        time.sleep(POLL_SECONDS)


def _working(connection: Connection) -> frozenset[str]:
    """The others' transactions on this catalogue; each holds a lock on its own number, which everybody may see."""
    held = text(
        "SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'virtualxid' AND a.datname = current_database() AND l.pid <> pg_backend_pid()"
    )
    return frozenset(connection.scalars(held))


def _statement(connection: Connection) -> str:
    """What writes one table anew, as this account may do it. Raises ``Withheld`` where it may not at all."""
    owned = text("SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = to_regclass(:name)")
    if all(connection.scalar(owned, {"name": name}) for name in TABLES):
        return 'VACUUM FULL "{}"'
    granted = text("SELECT has_function_privilege(to_regprocedure(:name), 'EXECUTE')")
    if connection.scalar(granted, {"name": ANEW}):
        return "SELECT muniment_write_anew('{}')"
    raise Withheld(NOT_OURS)
