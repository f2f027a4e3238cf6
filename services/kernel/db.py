"""The catalogue's connection: one engine, two kinds of unit of work.

``write`` takes SQLite's write lock at once (BEGIN IMMEDIATE), so that a transaction never fails half way for want of it;
``read`` sees one snapshot and blocks nobody. Application code never commits: the edge does, once, by leaving the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session

log = structlog.get_logger("catalogue")
BUSY_TIMEOUT_MS = 30_000
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables stand on this metadata; its naming convention lets a migration name every constraint."""

    metadata = MetaData(naming_convention=NAMING)


class Database:
    """Opens units of work on the catalogue.

    >>> with database.write() as session:
    ...     session.add(row)
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _create_engine(self.url.render_as_string(hide_password=False))
        self.after_commit: list[Callable[[dict[Any, Any]], None]] = []
        self._reading = self.engine.execution_options(muniment_read_only=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises. Once it has committed, whoever
        stands in ``after_commit`` is told, with the session's ``info``."""
        with Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            for tell in self.after_commit:
                _tell(tell, session.info)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot. Writing through it is an error of the program."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _tell(tell: Callable[[dict[Any, Any]], None], info: dict[Any, Any]) -> None:
    try:
        tell(info)
    except Exception as error:  # what is committed is done, whoever cannot be told of it
        log.error("after-commit-failed", error=type(error).__name__)


def _create_engine(url: str) -> Engine:
    # Values stay out of error texts, which end in logs.
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


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
    read_only = connection.get_execution_options().get("muniment_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
