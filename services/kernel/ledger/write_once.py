"""Checkpoints in write-once storage: one small object each, named by its size, never written again; locked (Object Lock) where
the store can. No administrator of the catalogue reaches them there, and ``muniment ledger verify`` takes the whole folder.

Before each lie the entries that it vouches for and the one before does not (``outside``): so an older copy of the catalogue can
be brought up to what happened since, and whoever puts one back cannot leave a destruction out."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select, update

from services.kernel.blobs.port import BlobStore
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.errors import Conflict, MunimentError
from services.kernel.ledger import outside
from services.kernel.ledger.tables import LedgerCheckpoint

PREFIX = "checkpoint-"
DIGITS = 15
AT_ONCE = 50

log = structlog.get_logger("ledger")


class WriteOnce:
    def __init__(self, store: BlobStore, *, lock_days: int) -> None:
        self._store, self._lock = store, timedelta(days=lock_days)

    def newest(self) -> str | None:
        """The checkpoint over the most entries that lies there, as it was signed."""
        name = max((each for each in self._store.names() if each.startswith(PREFIX)), default=None)
        return None if name is None else self._read(name)

    def store_rest(self, database: Database) -> None:
        """Puts there what the catalogue has and the store has not, oldest first. What cannot be stored now is tried again."""
        unstored = select(LedgerCheckpoint).where(LedgerCheckpoint.stored.is_(False))
        with database.read() as session:
            rows = session.scalars(unstored.order_by(LedgerCheckpoint.size).limit(AT_ONCE)).all()
        done = []
        try:
            for row in rows:
                self._store.retain(outside.ship(database, self._store, row.size), now() + self._lock)
                self._put(row.size, row.note)
                done.append(row.size)
        except MunimentError as error:
            log.warning("checkpoint-not-stored", reason=error.detail)
        if done:
            with database.write() as session:
                session.execute(update(LedgerCheckpoint).where(LedgerCheckpoint.size.in_(done)).values(stored=True))

    def _put(self, size: int, note: str) -> None:
        name = f"{PREFIX}{size:0{DIGITS}}"
        try:
            writer = self._store.create(name)
            try:
                writer.write(note.encode())
                writer.commit()
            except BaseException:
                writer.abort()
                raise
        except Conflict:  # it lies there already: a mark in the catalogue was lost, or somebody signed something else
            if self._read(name) != note:
                log.error("checkpoint-refused", reason="Another checkpoint of this size lies in the write-once store.")
                return
        self._store.retain(name, now() + self._lock)

    def _read(self, name: str) -> str:
        with self._store.open(name) as source:
            return source.read().decode()
