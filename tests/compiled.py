"""Statements compiled once for all engines of one kind. Each test makes engines of its own, on PostgreSQL one for each room; to
compile the same statements again for each took an eighth of a functional test's processor time."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_KEPT = 5_000
_COMPILED: LRUCache[object, object] = LRUCache(_KEPT)


def share() -> None:
    """From now on, in this process."""
    # of the key of what is compiled the dialect is a part, by identity: our engines of one kind are all made alike
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    event.listen(Engine, "engine_connect", _connected)


def _connected(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)
