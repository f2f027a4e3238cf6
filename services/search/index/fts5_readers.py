"""Connections for reading, and what is remembered of the live generation between one question and the next."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from services.kernel.errors import Unavailable
from services.search.index import fts5_items, fts5_store
from services.search.index.fts5_items import Items
from services.search.index.fts5_memory import Memory
from services.search.index.generations import Generations

Snapshot = tuple[apsw.Connection, Items, Memory]


class Readers:
    """Connections are kept for the next question; those of an older generation or another process are not used."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._idle: list[tuple[int, int, apsw.Connection]] = []
        self._lock = threading.Lock()
        self._known = _Known(0)

    @contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """Yield a connection to the live generation."""
        with self._reading() as (_, connection):
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Yield a connection that sees one state of the live generation, its items, and what is remembered of it."""
        with self._reading() as (generation, connection):
            known = self._known_of(generation)
            while True:
                with connection:
                    items = known.items_of(connection)
                    if items is not None:
                        yield connection, items, known.memory
                        return

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process, _, connection in idle:
            if process == os.getpid():
                connection.close()

    @contextmanager
    def _reading(self) -> Iterator[tuple[int, apsw.Connection]]:
        while True:
            generation = self._generations.current()
            if generation is None:
                raise Unavailable("The index is not there. Run `muniment reindex`.")
            with self._generations.reading(generation) as live:
                if not live:
                    continue
                connection = self._take(generation)
                try:
                    yield generation, connection
                finally:
                    with self._lock:
                        self._idle.append((os.getpid(), generation, connection))
                return

    def _known_of(self, generation: int) -> _Known:
        with self._lock:
            if self._known.generation != generation:
                self._known = _Known(generation)
            return self._known

    def _take(self, generation: int) -> apsw.Connection:
        while True:
            with self._lock:
                process, made_for, connection = self._idle.pop() if self._idle else (0, 0, None)
            if connection is None:
                connection = fts5_store.connect(self._generations.file(generation))
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                connection.execute("PRAGMA query_only = ON")
                return connection
            if process == os.getpid():
                if made_for == generation:
                    return connection
                connection.close()


class _Known:
    """What is remembered of one generation."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.memory = Memory()
        self._items = fts5_items.NOTHING
        self._lock = threading.Lock()

    def items_of(self, connection: apsw.Connection) -> Items | None:
        """Return the items of the connection's snapshot; nothing if a later one's are known, so that none are kept twice."""
        now = fts5_items.version(connection)
        with self._lock:
            if now > self._items.version:
                self._items = fts5_items.following(self._items, connection)
            return self._items if now == self._items.version else None
