"""The catalogue's connection: one engine, two kinds of unit of work.

``write`` is a transaction that never fails half way for want of a lock that it could have waited for; ``read`` sees one
snapshot and blocks nobody. Application code never commits: the edge does, once, by leaving the block. What lies between the two
databases is in ``dialects``; their drivers' errors end here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, MetaData
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from services.kernel import dialects
from services.kernel.errors import InvalidInput, Unavailable

log = structlog.get_logger("catalogue")
NO_PRIVILEGE = "42501"
"""PostgreSQL's SQLSTATE ``insufficient_privilege``."""
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
    """Opens units of work on the catalogue. A catalogue that does not answer, or whose locks are not to be had in time, is
    ``Unavailable``; a value that it cannot hold is ``InvalidInput``.

    >>> with database.write() as session:
    ...     session.add(row)
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = dialects.make_engine(self.url)
        self.after_commit: list[Callable[[dict[Any, Any]], None]] = []
        self._reading = self.engine.execution_options(**dialects.snapshot_options(self.engine))

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises. Once it has committed, whoever
        stands in ``after_commit`` is told, with the session's ``info``."""
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            for tell in self.after_commit:
                _tell(tell, session.info)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot. Writing through it is an error of the program."""
        with _translated(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def migrate(self) -> Iterator[Connection]:
        """One transaction for a change of the tables. Of several processes that start at once one goes first."""
        with _translated(), self.engine.begin() as connection:
            dialects.go_first(connection)
            yield connection

    @property
    def one_writer(self) -> bool:
        """Whether a transaction that writes keeps out all others that do."""
        return self.url.get_backend_name() == "sqlite"

    def version(self) -> str:
        with _translated(), self._reading.connect() as connection:
            return dialects.version(connection)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DataError as error:  # PostgreSQL refuses what SQLite takes: NUL in a text, a text longer than its column
        raise InvalidInput("A text is too long, or holds a character that cannot be stored. Send it without.") from error
    except SQLAlchemyError as error:
        refused = getattr(error, "orig", None)
        if getattr(refused, "sqlstate", None) == NO_PRIVILEGE:
            log.error("catalogue-refuses", what=str(refused).partition("\n")[0])  # “permission denied for table …”
            raise Unavailable(
                "The catalogue refuses this process a right that it needs. Apply what “muniment privileges postgresql” prints, "
                "and check whose credentials the process was given."
            ) from error
        if not _is_unreachable(error):
            raise
        log.error("catalogue-unreachable", error=type(getattr(error, "orig", None) or error).__name__)
        raise Unavailable("The catalogue does not answer. Try again in a moment.") from error


def _is_unreachable(error: SQLAlchemyError) -> bool:
    """Whether another attempt may go well: the server is away, ended the connection, or others' locks lasted too long."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _tell(tell: Callable[[dict[Any, Any]], None], info: dict[Any, Any]) -> None:
    try:
        tell(info)
    except Exception as error:  # what is committed is done, whoever cannot be told of it
        log.error("after-commit-failed", error=type(error).__name__)
