"""The scheduler: gives back lost leases and repeats wake-ups, each second. Two of them do no harm."""

from __future__ import annotations

from threading import Event

import structlog
from sqlalchemy.exc import OperationalError

from services.kernel.db import Database
from services.kernel.queue.jobs import lease_owners, release_expired, waiting
from services.kernel.queue.runner import dead_owners
from services.kernel.queue.wakeup import Wakeup

TICK_SECONDS = 1.0

log = structlog.get_logger("scheduler")


class Scheduler:
    def __init__(self, database: Database, wakeup: Wakeup, *, max_attempts: int) -> None:
        self._database, self._wakeup, self._max_attempts = database, wakeup, max_attempts

    def run(self, stop: Event) -> None:
        while not stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except OperationalError as error:
                log.error("catalogue-unreachable", error=type(error.orig).__name__)
            except Exception as error:  # whatever went wrong, the next second is another chance
                log.error("tick-failed", error=type(error).__name__)

    def tick(self) -> None:
        self.release()
        with self._database.read() as session:
            due = waiting(session)
        self._wakeup.top_up(due)

    def release(self) -> None:
        """Gives back what lapsed, and what the dead held."""
        with self._database.read() as session:
            owners = lease_owners(session)
        if owners:
            count = release_expired(self._database, max_attempts=self._max_attempts, gone=dead_owners(owners))
            if count:
                log.warning("leases-released", count=count)
