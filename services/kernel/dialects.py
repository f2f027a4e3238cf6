"""What SQLite and PostgreSQL do differently, and nothing else.

SQLite has one writer: whoever is in a writing transaction is alone. PostgreSQL has many, each statement seeing what is
committed by then (READ COMMITTED), so whatever must not happen twice at once takes a turn (``take_turn``), locks its row, or
leaves it to a unique key (``insert_once``).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Collection
from typing import Any, cast

from sqlalchemy import JSON, URL, Connection, Engine, String, Table, any_, create_engine, event, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.elements import ColumnElement, SQLColumnExpression
from sqlalchemy.sql.functions import GenericFunction

from services.kernel.patience import PatientConnection

BUSY_TIMEOUT_MS = 30_000
"""How long a transaction waits for another's lock."""
LOOK_AGAIN_SECONDS = 0.002
"""How often it looks whether SQLite's one writer has ended. SQLite itself would look less and less often, up to every 100 ms,
and so hardly ever find the moment between two short transactions of another process."""
STATEMENT_TIMEOUT_MS = 30_000
"""What nobody in front of a screen would wait for. Less than ``patience.ANSWER_SECONDS``, so that a server that lives tells."""
SILENT_WRITER_MS = 30_000
"""A writer that says nothing for so long within its transaction, because its machine stands still or is gone, loses it: it
may hold the ledger's head, for which everybody waits."""
SILENT_READER_MS = 3_600_000
CONNECT_SECONDS = 5
POOLED, OVERFLOW, POOL_SECONDS, RECYCLE_SECONDS = 5, 15, 10, 1800

KEPT_ALIVE = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}
# jit: to compile a query of the schedule, which asks of each class, takes PostgreSQL 12 s; to answer it without, 0.02 s
SESSION = {
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "lock_timeout": BUSY_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": SILENT_READER_MS,
    "timezone": "UTC",
    "jit": "off",
    **KEPT_ALIVE,
}

TO_CHANGE = {"key_share": True}
"""For ``with_for_update``: locks a row against others who would change it, not against new rows that refer to it."""
TO_SHOW = {"read": True}
"""For ``with_for_update``: locks a row against changes; any number may look at it."""


def make_engine(url: URL) -> Engine:
    """An engine whose transactions are what ``Database`` promises. Values stay out of error texts, which end in logs."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted costs no request an error
        pool_size=POOLED,
        max_overflow=OVERFLOW,
        pool_timeout=POOL_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        connect_args=_postgresql_arguments(url),
    )
    event.listen(engine, "do_connect", _connect_patiently)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def snapshot_options(engine: Engine) -> dict[str, Any]:
    """Execution options under which a transaction is one moment and writes nothing."""
    if engine.dialect.name == "sqlite":
        return {"muniment_read_only": True}
    return {"muniment_read_only": True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def take_turn(session: Session, *name: str) -> None:
    """Waits until no other transaction holds the turn of this name, and holds it until this one ends. Statements after it
    see what the others have done. SQLite's writers are alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(turn(*name))))


def share_turn(session: Session, *name: str) -> None:
    """Waits until no other transaction holds the turn of this name alone, and keeps it from being taken until this one ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock_shared(turn(*name))))


def turn(*name: str) -> int:
    """The name as a signed 64-bit number, which is what an advisory lock has."""
    digest = hashlib.sha256("\0".join(name).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def insert_once(session: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """Adds a row unless one with the same unique key is there; waits for a transaction that is about to add one. Tells
    whether it was added."""
    table = cast(Table, model.__table__)
    statement = upsert(session, model).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
    return session.execute(statement).first() is not None


def upsert(session: Session, model: type[DeclarativeBase]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what to do ``ON CONFLICT``."""
    table = cast(Table, model.__table__)
    return postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)


class fresh_id(GenericFunction[str]):
    """What ``ids.new_id`` makes (UUID version 7), for each row of a statement that makes rows out of rows."""

    type = String(36)
    inherit_cache = True


@compiles(fresh_id, "sqlite")
def _fresh_id_in_sqlite(element: fresh_id, compiler: Any, **options: Any) -> str:
    at = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    some = "lower(hex(randomblob({})))".format
    return f"printf('%08x-%04x-7%s-8%s-%s', {at} >> 16, {at} & 65535, substr({some(2)}, 2), substr({some(2)}, 2), {some(6)})"


@compiles(fresh_id, "postgresql")
def _fresh_id_in_postgresql(element: fresh_id, compiler: Any, **options: Any) -> str:
    at = "lpad(to_hex(CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)), 12, '0')"
    born = f"substr({at}, 1, 8) || '-' || substr({at}, 9, 4) || '-7'"
    return f"overlay(CAST(gen_random_uuid() AS VARCHAR) PLACING {born} FROM 1 FOR 15)"


class json_of(GenericFunction[Any]):
    """A JSON object of names and values in turn."""

    type = JSON()
    inherit_cache = True


@compiles(json_of, "sqlite")
def _json_in_sqlite(element: json_of, compiler: Any, **options: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **options)})"


@compiles(json_of, "postgresql")
def _json_in_postgresql(element: json_of, compiler: Any, **options: Any) -> str:
    return f"json_build_object({compiler.process(element.clauses, **options)})"


def among(session: Session, column: SQLColumnExpression[str], values: Collection[str]) -> ColumnElement[bool]:
    """Whether the column has one of these values, which are one parameter, however many they are."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), postgresql.ARRAY(String)))
    rows = func.json_each(literal(json.dumps(list(values)), String)).table_valued("value")
    return column.in_(select(rows.c.value))


def go_first(connection: Connection) -> None:
    """Waits, however long it takes, until no other process changes the tables; then statements may take their time too."""
    if connection.dialect.name == "postgresql":
        cast(PatientConnection, connection.connection.driver_connection).unhurried = True
        connection.detach()  # so that nobody gets it after us
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")
        connection.execute(select(func.pg_advisory_xact_lock(turn("migrations"))))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}")


def version(connection: Connection) -> str:
    """Name and version of the server, such as ``PostgreSQL 15.13``."""
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; ``_begin_sqlite`` does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if _reads_only(connection):
        connection.exec_driver_sql("BEGIN")
        return
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while not _begun(driver) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN_SECONDS)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if not driver.in_transaction:
        raise _told(sqlite3.OperationalError("database is locked"))


def _begun(driver: sqlite3.Connection) -> bool:
    """Tries to be the one writer, without waiting."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise _told(error) from error
        return False
    return True


def _told(error: sqlite3.DatabaseError) -> BaseException:
    """The driver's error as SQLAlchemy tells it."""
    return DBAPIError.instance("BEGIN IMMEDIATE", None, error, sqlite3.Error)


def _postgresql_arguments(url: URL) -> dict[str, Any]:
    """Parameters of libpq. What the URL itself says in ``options`` comes last and so is stronger."""
    ours = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    theirs = url.query.get("options", "")
    return {
        "application_name": "muniment",
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": BUSY_TIMEOUT_MS,
        **{name.removeprefix("tcp_"): value for name, value in KEPT_ALIVE.items()},
        "options": f"{ours} {theirs if isinstance(theirs, str) else ' '.join(theirs)}".rstrip(),
    }


def _connect_patiently(dialect: Any, record: Any, arguments: list[Any], parameters: dict[str, Any]) -> PatientConnection:
    return PatientConnection.connect(*arguments, **parameters)


def _begin_postgresql(connection: Connection) -> None:
    if not _reads_only(connection):
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {SILENT_WRITER_MS}")


def _reads_only(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("muniment_read_only", False))
