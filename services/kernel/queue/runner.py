"""What a worker process does when it is woken: claim the next due job, do it, and again, until nothing is due."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from services.kernel import tracing
from services.kernel.db import Database
from services.kernel.errors import MunimentError, Unavailable, where
from services.kernel.queue import jobs
from services.kernel.queue.jobs import AWAY_SECONDS, Lease, LeaseLost, Stopping, claim
from services.kernel.queue.pulse import beating
from services.kernel.queue.stages import WAY, Queue, Stage
from services.kernel.queue.tables import JobState
from services.kernel.timing import step

Handler = Callable[[Lease], None]
Listener = Callable[[Stage, str, float], None]
"""Is told of every job's stage, how it went (``done``, ``handed-back``, ``postponed``, ``failed``, ``parked``, ``lease-lost``,
``left`` to its lease) and its seconds."""
LONGEST_SHIFT_SECONDS = 60.0
REPORT_SECONDS = 1.0
"""Between two attempts to tell a catalogue that is away what became of a job."""

log = structlog.get_logger("queue")


class Runner:
    """Runs jobs under leases in the name of this process."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[Stage, Handler],
        *,
        lease_seconds: float,
        max_attempts: int,
        tell: Listener = lambda stage, outcome, seconds: None,
    ) -> None:
        """``handlers`` do the jobs of their stage."""
        self._database, self._handlers, self._tell = database, handlers, tell
        self._lease_seconds, self._max_attempts = lease_seconds, max_attempts
        self._owner = owner_name(os.getpid())

    def drain(
        self,
        queue: Queue,
        *,
        shift_seconds: float = LONGEST_SHIFT_SECONDS,
        stopping: Callable[[], bool] = lambda: False,
    ) -> int:
        """Does due jobs until there are none, the shift is over, or ``stopping`` says so. Returns how many were begun.
        A job in hand when it says so is ended after its present step, and what is left of it handed back."""
        done, end = 0, time.monotonic() + shift_seconds
        while time.monotonic() < end and not stopping():
            lease = self._claim(queue)
            if lease is None:
                break
            self._run(replace(lease, stopping=stopping))
            done += 1
        return done

    def bury(self) -> int:
        """Gives back at once what processes of this host held that are gone. Returns how many jobs that were."""
        with self._database.read() as session:
            dead = dead_owners(jobs.lease_owners(session))
        return jobs.release_expired(self._database, max_attempts=self._max_attempts, gone=dead) if dead else 0

    def _claim(self, queue: Queue) -> Lease | None:
        try:
            with step("claim"):
                return claim(self._database, [queue], self._owner, seconds=self._lease_seconds)
        except Unavailable:  # which is logged where it rose; the next wake-up is another chance
            return None

    def _run(self, lease: Lease) -> None:
        began = time.monotonic()
        with beating(self._database, self._owner):
            outcome = self._outcome(lease, began)
        self._tell(lease.stage, outcome, time.monotonic() - began)

    def _outcome(self, lease: Lease, began: float) -> str:
        try:
            with tracing.span(f"{WAY[lease.stage].room}.{lease.stage}", parent=lease.trace), step(lease.stage):
                self._handlers[lease.stage](lease)
        except LeaseLost:
            log.warning("lease-lost", job=lease.job_id, stage=lease.stage)
            return "lease-lost"
        except Exception as error:
            return self._report(lease, error, until=began + lease.seconds)
        log.info("job-done", job=lease.job_id, stage=lease.stage, seconds=round(time.monotonic() - began, 3))
        return "done"

    def _report(self, lease: Lease, error: Exception, *, until: float) -> str:
        """Tells the catalogue what became of the job. While that is away, again and again: there is nothing else to do, and
        without it the job would have to wait until its lease runs out."""
        while True:
            try:
                return self._give_back(lease, error)
            except LeaseLost:
                log.warning("lease-lost", job=lease.job_id, stage=lease.stage)
                return "lease-lost"
            except Unavailable:
                if time.monotonic() < until and not lease.stopping():
                    time.sleep(REPORT_SECONDS)
                    continue
                log.warning("job-left-to-its-lease", job=lease.job_id, stage=lease.stage)
                return "left"

    def _give_back(self, lease: Lease, error: Exception) -> str:
        if isinstance(error, Stopping):
            lease.hand_back()
            log.info("job-handed-back", job=lease.job_id, stage=lease.stage)
            return "handed-back"
        # Only our own errors have texts that are known to hold no personal data.
        reason = error.detail if isinstance(error, MunimentError) else type(error).__name__
        if isinstance(error, Unavailable):
            lease.hand_back(reason, delay=AWAY_SECONDS)
            log.warning("job-postponed", job=lease.job_id, stage=lease.stage, reason=reason, trace=where(error))
            return "postponed"
        state = lease.fail(reason, max_attempts=self._max_attempts)
        log.error("job-failed", job=lease.job_id, stage=lease.stage, reason=reason, state=state, trace=where(error))
        return "parked" if state is JobState.PARKED else "failed"


def owner_name(pid: int) -> str:
    """``place/pid/start``: the start time tells a process from a later one with the same number."""
    return f"{_place()}/{pid}/{_started(pid)}"


def dead_owners(owners: set[str]) -> list[str]:
    """Those of ``owners`` that ran where this process runs and are gone, whose leases need not be waited for."""
    here, dead = f"{_place()}/", []
    for owner in owners:
        pid = owner.removeprefix(here).partition("/")[0]
        if owner.startswith(here) and pid.isdecimal() and owner_name(int(pid)) != owner:
            dead.append(owner)
    return dead


def _place() -> str:
    """Host and process namespace: containers may share a host's name and see nothing of each other's processes."""
    return f"{socket.gethostname()}~{Path('/proc/self/ns/pid').stat().st_ino}"


def _started(pid: int) -> str:
    """The process's start in clock ticks since boot, field 22 of ``/proc/<pid>/stat``; empty when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
