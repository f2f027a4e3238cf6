"""What a worker process does when it is woken: claim the next due job, do it, and again, until nothing is due."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from services.kernel.db import Database
from services.kernel.errors import MunimentError, where
from services.kernel.queue.jobs import Lease, LeaseLost, Stopping, claim
from services.kernel.queue.stages import Queue, Stage
from services.kernel.timing import step

Handler = Callable[[Lease], None]
LONGEST_SHIFT_SECONDS = 60.0

log = structlog.get_logger("queue")


class Runner:
    """Runs jobs under leases in the name of this process."""

    def __init__(
        self, database: Database, handlers: Mapping[Stage, Handler], *, lease_seconds: float, max_attempts: int
    ) -> None:
        """``handlers`` do the jobs of their stage."""
        self._database, self._handlers = database, handlers
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
            with step("claim"):
                lease = claim(self._database, [queue], self._owner, seconds=self._lease_seconds)
            if lease is None:
                break
            self._run(replace(lease, stopping=stopping))
            done += 1
        return done

    def _run(self, lease: Lease) -> None:
        began = time.monotonic()
        try:
            with step(lease.stage):
                self._handlers[lease.stage](lease)
            log.info("job-done", job=lease.job_id, stage=lease.stage, seconds=round(time.monotonic() - began, 3))
        except LeaseLost:
            log.warning("lease-lost", job=lease.job_id, stage=lease.stage)
        except Stopping:
            self._hand_back(lease)
        except Exception as error:
            self._fail(lease, error)

    def _hand_back(self, lease: Lease) -> None:
        try:
            lease.hand_back()
            log.info("job-handed-back", job=lease.job_id, stage=lease.stage)
        except LeaseLost:
            log.warning("lease-lost", job=lease.job_id, stage=lease.stage)

    def _fail(self, lease: Lease, error: Exception) -> None:
        # Only our own errors have texts that are known to hold no personal data.
        reason = error.detail if isinstance(error, MunimentError) else type(error).__name__
        try:
            state = lease.fail(reason, max_attempts=self._max_attempts)
            log.error("job-failed", job=lease.job_id, stage=lease.stage, reason=reason, state=state, trace=where(error))
        except LeaseLost:
            log.warning("lease-lost", job=lease.job_id, stage=lease.stage)


def owner_name(pid: int) -> str:
    """``host/pid/start``: the start time tells a process from a later one with the same number."""
    return f"{socket.gethostname()}/{pid}/{_started(pid)}"


def dead_owners(owners: set[str]) -> list[str]:
    """Those of ``owners`` that ran on this host and are gone, whose leases need not be waited for."""
    here, dead = f"{socket.gethostname()}/", []
    for owner in owners:
        pid = owner.removeprefix(here).partition("/")[0]
        if owner.startswith(here) and pid.isdecimal() and owner_name(int(pid)) != owner:
            dead.append(owner)
    return dead


def _started(pid: int) -> str:
    """The process's start in clock ticks since boot, field 22 of ``/proc/<pid>/stat``; empty when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
