"""Backups on schedule: made as often as the settings say, and tried from time to time, by a process that does nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.custody.backups import making, verifying
from services.custody.backups.places import Places
from services.custody.backups.tables import Backup, BackupState
from services.kernel.clock import now
from services.kernel.config import Settings
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import Stage
from services.kernel.queue.tables import Job, JobState

AGAIN = timedelta(hours=1)
"""After one that came to nothing."""
GOOD = (BackupState.DONE, BackupState.INCOMPLETE)
OPEN = (JobState.QUEUED, JobState.LEASED)


class BackUpHandler:
    """Does ``Stage.BACK_UP``; the payload is ``{"actor": who asked for it, or None}``. Broken off, it begins anew and stores
    nothing twice."""

    def __init__(self, kernel: Kernel, places: Callable[[], Places]) -> None:
        self._kernel, self._places = kernel, places

    def __call__(self, lease: Lease) -> None:
        kernel, actor = self._kernel, lease.payload.get("actor")
        places = replace(self._places(), beat=_beating(lease))
        row = making.make(kernel, places, actor=actor)
        if row.state in GOOD and not _tried_lately(kernel):
            verifying.verify(kernel, places, actor=None, opens=False)
        with lease.finish():
            pass


def order(database: Database, settings: Settings) -> None:
    """Has one made where it is time to; never on the same disk by itself, so only where a store for it is set."""
    if settings.backups_url is None:
        return
    with database.read() as session:
        due = _is_due(session, timedelta(hours=settings.backup_hours))
    if due:
        with database.write() as session:
            request(session, actor=None)


def request(session: Session, *, actor: str | None) -> bool:
    """Has one made now; False where one is asked for already."""
    if session.scalar(select(Job.id).where(Job.kind == Stage.BACK_UP, Job.state.in_(OPEN)).limit(1)):
        return False
    return jobs.enqueue(session, Stage.BACK_UP, now().isoformat(timespec="minutes"), {"actor": actor})


def _is_due(session: Session, every: timedelta) -> bool:
    good = (Backup.state.in_(GOOD), Backup.begun_at > now() - every)
    lately = Backup.begun_at > now() - min(AGAIN, every)
    return session.scalar(select(Backup.id).where(or_(lately, good[0] & good[1])).limit(1)) is None


def _tried_lately(kernel: Kernel) -> bool:
    since = now() - timedelta(days=kernel.settings.backup_verify_days)
    with kernel.database.read() as session:
        return session.scalar(select(Backup.id).where(Backup.verified_at > since).limit(1)) is not None


def _beating(lease: Lease) -> Callable[[], None]:
    """Renews the lease as the work goes on, and ends it where the worker is to end."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        lease.go_on()
        if time.monotonic() - last > lease.seconds / 8:
            last = time.monotonic()
            with lease.progress():
                pass

    return beat
