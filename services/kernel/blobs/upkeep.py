"""What the dead leave behind in the object stores is taken away, once a day, by a process that may: uploads half written, and
objects that were stored just before a kill and that no row names.

An object without a row is content without a key: nobody can ever open it. Still it is not touched in its first day, when its
row may be on its way, nor if it is older than the catalogue, to which it cannot belong. And where more lie about than the dead
could have left, the catalogue is not the one that these objects belong to, or was put back to an earlier day: then nothing is
touched and the log asks for a person.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog
from sqlalchemy import select

from services.kernel.blobs.orphans import discard_unless_kept
from services.kernel.blobs.port import STALE
from services.kernel.blobs.sealed import SealedStore
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.ledger import journal
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Blob

ROWS = 500
MOST, SHARE = 100, 0.01
"""Orphans beyond both, this number and this share of all objects, are not the leavings of the dead."""

log = structlog.get_logger("objects")


def order(database: Database) -> None:
    """Has it done today, once, however often this is called."""
    with database.write() as session:
        jobs.enqueue(session, Stage.SWEEP, now().date().isoformat(), {})


def clear(database: Database, objects: SealedStore, older_than: timedelta = STALE) -> int:
    """Takes away what was left longer ago than ``older_than``; returns how many objects those were."""
    uploads = objects.store.sweep(older_than)
    orphans = _orphans(database, objects.store.names(), older_than)
    for name in orphans:
        discard_unless_kept(database, objects, name)
    if orphans:
        with database.write() as session:
            journal.append(session, "objects.sweep", actor=None, objects=len(orphans))
    log.info("objects-swept", uploads=uploads, orphans=len(orphans))
    return len(orphans)


def _orphans(database: Database, names: Iterable[str], older_than: timedelta) -> list[str]:
    """Those that no row names, of the age that may be touched; none where there are too many to be what the dead left."""
    first, last = _beginning(database), time.time() - older_than.total_seconds()
    found: list[str] = []
    total = 0
    remaining = iter(names)
    while chunk := list(islice(remaining, ROWS)):
        total += len(chunk)
        found += _unnamed(database, [name for name in chunk if first < _born(name) <= last])
    if len(found) > max(MOST, SHARE * total):
        log.error("objects-without-rows", count=len(found), advice="Nothing was removed. Is this their catalogue?")
        return []
    return found


def _unnamed(database: Database, names: list[str]) -> Iterator[str]:
    with database.read() as session:
        named = set(session.scalars(select(Blob.name).where(Blob.name.in_(names))))
    return (name for name in names if name not in named)


def _beginning(database: Database) -> float:
    """When the catalogue's first act was; the end of time where there was none."""
    with database.read() as session:
        at = session.scalar(select(LedgerEntry.at).where(LedgerEntry.position == 0))
    return datetime.fromisoformat(at).astimezone(UTC).timestamp() if at else float("inf")


def _born(name: str) -> float:
    """When an object was begun, in seconds since 1970: its name is a UUID version 7. The end of time for any other name."""
    try:
        return (UUID(name).int >> 80) / 1000
    except ValueError:
        return float("inf")
