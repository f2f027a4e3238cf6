"""The catalogue of a running archive, looked at from outside: a test's own read-only connection to its SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

OPEN_JOBS = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'leased')"
PAGES_READ = "SELECT count(*) FROM pages WHERE state = 'read'"
PROGRESS = "SELECT (SELECT count(*) FROM pages WHERE state <> 'pending') + (SELECT count(*) FROM jobs WHERE state = 'done')"


class Catalogue:
    def __init__(self, data: Path) -> None:
        self._path = data / "catalogue.db"

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        ((value,),) = self.rows(query, *values)
        return value

    def is_locked(self) -> bool:
        """Whether someone holds the write lock at this moment."""
        with closing(sqlite3.connect(self._path, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return True
        return False


def until(true: Callable[[], bool], what: str, seconds: float = 120.0) -> float:
    """Waits until something holds and returns how long that took, in seconds."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"after {seconds:g} s still not: {what}")
        time.sleep(0.02)
    return time.monotonic() - began
