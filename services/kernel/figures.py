"""What the catalogue says of the archive as a whole, for monitoring: the same from whichever process is asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from threading import Lock
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.clock import database_epoch, now
from services.kernel.db import Database
from services.kernel.incidents import Incident
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.queue.stages import Queue
from services.kernel.queue.tables import Job, JobState, Leader
from services.kernel.tables import File, Item, Page

LOOK_BACK = 100
FRESH_SECONDS = 10.0
"""Rows are counted anew after so long: several ask, and an archive has millions."""


class CatalogueFigures(Collector):
    def __init__(self, database: Database, *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._database, self._fresh_seconds = database, fresh_seconds
        self._lock = Lock()
        self._until, self._told = float("-inf"), list[GaugeMetricFamily]()

    def collect(self) -> list[GaugeMetricFamily]:
        with self._lock:
            if time.monotonic() >= self._until:
                with self._database.read() as session:
                    self._told = [*_rows(session), *_jobs(session), *_ledger(session), *_backups(session), *_scheduler(session)]
                self._until = time.monotonic() + self._fresh_seconds
            return self._told


def _gauge(name: str, what: str, *labels: str, **values: float) -> GaugeMetricFamily:
    """With labels, values follow by ``add_metric``."""
    family = GaugeMetricFamily(f"muniment_{name}", what, labels=labels or None)
    for value in values.values():
        family.add_metric((), value)
    return family


def _rows(session: Session) -> Iterator[GaugeMetricFamily]:
    columns: tuple[tuple[str, Any], ...] = (("files", File.state), ("items", Item.state), ("pages", Page.state))
    for name, column in columns:
        family = _gauge(name, f"{name.capitalize()} by state.", "state")
        for state, count in session.execute(select(column, func.count()).group_by(column)):
            family.add_metric((state,), count)
        yield family


def _jobs(session: Session) -> Iterator[GaugeMetricFamily]:
    """Queues and states without a job are told too: what scales by them needs a nought."""
    jobs = _gauge("jobs", "Jobs by queue and state.", "queue", "state")
    counted = session.execute(select(Job.queue, Job.state, func.count()).group_by(Job.queue, Job.state))
    counts = {(queue, state): count for queue, state, count in counted}
    for queue in Queue:
        for state in JobState:
            jobs.add_metric((queue, state), counts.get((queue, state), 0))
    yield jobs
    due = _gauge("jobs_due", "Jobs that a worker could take now.", "queue")
    oldest = _gauge("oldest_job_seconds", "How long the oldest due job has waited.", "queue")
    waits = select(Job.queue, func.count(), database_epoch() - func.min(Job.due_at))
    waiting = waits.where(Job.state == JobState.QUEUED, Job.due_at <= database_epoch()).group_by(Job.queue)
    found = {queue: (count, seconds) for queue, count, seconds in session.execute(waiting)}
    for queue in Queue:
        count, seconds = found.get(queue, (0, 0.0))
        due.add_metric((queue,), count)
        oldest.add_metric((queue,), max(seconds, 0.0))
    yield from (due, oldest)


def _ledger(session: Session) -> Iterator[GaugeMetricFamily]:
    """Its size never falls. The last fixity run is on it; an archive without one says nothing of its age."""
    yield _gauge("ledger_entries", "Entries of the ledger.", size=session.scalar(select(LedgerHead.size)) or 0)
    runs = select(LedgerEntry.at).where(LedgerEntry.act == "fixity.run")
    last = session.scalar(runs.order_by(LedgerEntry.position.desc()).limit(1))
    if last is not None:
        age = (now() - datetime.fromisoformat(last)).total_seconds()
        yield _gauge("fixity_age_seconds", "Since stored objects were last re-read.", age=max(age, 0.0))
    damaged = select(func.count()).where(Incident.blob_id.is_not(None), Incident.settled_at.is_(None))
    yield _gauge("fixity_damaged_objects", "Objects without a whole copy.", damaged=session.scalar(damaged) or 0)


def _backups(session: Session) -> Iterator[GaugeMetricFamily]:
    """How old the last whole backup is, and the last trial of one that went well: without any of them nothing is said."""
    for act, name, what in (
        ("backup.make", "backup_age_seconds", "Since the last backup with nothing missing was made."),
        ("backup.verify", "backup_verified_age_seconds", "Since a restore of a backup was tried that gave back everything."),
    ):
        runs = select(LedgerEntry.at, LedgerEntry.data).where(LedgerEntry.act == act).order_by(LedgerEntry.position.desc())
        last = [(row.at, json.loads(row.data)["result"]) for row in session.execute(runs.limit(LOOK_BACK))]
        good = next((at for at, result in last if result == "ok"), None)
        if good is not None:
            yield _gauge(name, what, age=max((now() - datetime.fromisoformat(good)).total_seconds(), 0.0))
        if last:
            wrong = float(last[0][1] != "ok")
            yield _gauge(name.replace("age_seconds", "failed"), "Whether the last one was not good.", failed=wrong)


def _scheduler(session: Session) -> Iterator[GaugeMetricFamily]:
    """Nought where nobody leads."""
    until = session.scalar(select(Leader.until - database_epoch()).where(Leader.name == "schedule"))
    yield _gauge("scheduler_lease_seconds", "How long the leading scheduler's lease still holds.", left=max(until or 0.0, 0.0))
