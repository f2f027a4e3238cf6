"""Fixity on a rolling schedule: each hour those that were last looked at longest ago, so that within the days that policy says
every object is re-read."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.custody.fixity import repository
from services.custody.fixity.repository import StoredObject
from services.custody.fixity.service import Watch
from services.kernel.blobs.port import Copy
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.policy import versions
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import Stage
from services.kernel.queue.tables import Job, JobState
from services.kernel.tables import Blob, Item

LEAST = 10
"""Objects an hour, however few there are."""
HASTE = 2
"""The pace, in what the period would need: what was missed while processes were down is caught up."""


def order(database: Database) -> None:
    """Has some objects looked at this hour, once, however often this is called; never two such jobs at a time."""
    with database.write() as session:
        going = select(Job.id).where(Job.kind == Stage.FIXITY, Job.state.in_([JobState.QUEUED, JobState.LEASED]))
        if session.scalar(going.limit(1)) is None:
            jobs.enqueue(session, Stage.FIXITY, f"{now():%Y-%m-%dT%H}", {})


def pace(objects: int, days: int) -> int:
    """How many objects an hour."""
    return max(LEAST, math.ceil(HASTE * objects / (days * 24)))


class FixityHandler:
    """Does ``Stage.FIXITY``: what is due, or the objects of ``{"item": id}``. A job that is cut off leaves what it saw."""

    def __init__(self, kernel: Kernel, copies: Sequence[Copy]) -> None:
        self._kernel, self._copies = kernel, copies

    def __call__(self, lease: Lease) -> None:
        with self._kernel.database.read() as session:
            chosen = _chosen(session, lease.payload.get("item"))
        beat = _Beat(lease)
        for _ in Watch(self._kernel, self._copies, beat=beat).look_at(chosen):
            pass
        with lease.finish():
            pass


def _chosen(session: Session, item_id: str | None) -> list[StoredObject]:
    if item_id is not None:
        item = session.get(Item, item_id)
        return repository.objects_of(session, item) if item else []
    days = versions.current(session).policy.custody.fixity_days
    total = session.scalar(select(func.count()).select_from(Blob)) or 0
    return repository.next_ones(session, pace(total, days))


class _Beat:
    """Renews the lease while objects are read, however large they are; raises when the worker is to end."""

    def __init__(self, lease: Lease) -> None:
        self._lease, self._last = lease, time.monotonic()

    def __call__(self) -> None:
        self._lease.go_on()
        if time.monotonic() - self._last > self._lease.seconds / 4:
            self._last = time.monotonic()
            with self._lease.progress():
                pass
