"""Connections to PostgreSQL that do not wait for ever. A server whose machine or disk stands still keeps its connections open
and answers nothing: then none of its own time limits runs, and no keep-alive fails, for its kernel still answers those."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

PING_SECONDS = 5.0
"""For the answer to the question whether a connection still stands, which is asked before each use of it."""
ANSWER_SECONDS = 35.0
"""For any other. The server's own limit must be below."""

T = TypeVar("T")


class PatientConnection(psycopg.Connection[Any]):
    """Breaks off when an answer takes too long; ``unhurried`` waits as long as the server does."""

    unhurried = False

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        if not self.unhurried:
            kwargs.setdefault("timeout", PING_SECONDS if self.autocommit else ANSWER_SECONDS)  # only a ping commits by itself
        try:
            return super().wait(gen, *args, **kwargs)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()  # what the server may still answer is nobody's any more
            raise psycopg.OperationalError("the server does not answer") from error
