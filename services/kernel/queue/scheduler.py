"""The scheduler: gives back lost leases and repeats wake-ups, each second. There may be several: each gives back what the dead
of its host held, one of them leads and sends the wake-ups."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event

import structlog

from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.queue.jobs import lease_owners, release_expired, waiting
from services.kernel.queue.leader import Leadership
from services.kernel.queue.runner import dead_owners
from services.kernel.queue.wakeup import Wakeup
from services.kernel.queue.watch import Watch

TICK_SECONDS = 1.0
ROUND_SECONDS = 600.0
"""Between two rounds of what is done from time to time, such as reminders."""

log = structlog.get_logger("scheduler")


class Scheduler:
    """``rounds`` are done from time to time by the scheduler that leads, ``seconds`` at each of its ticks: each may be done
    again at once without harm."""

    def __init__(
        self,
        database: Database,
        wakeup: Wakeup,
        *,
        max_attempts: int,
        rounds: Sequence[Callable[[], object]] = (),
        seconds: Sequence[Callable[[], object]] = (),
    ) -> None:
        self._database, self._wakeup, self._max_attempts = database, wakeup, max_attempts
        self._rounds, self._last_round = rounds, -ROUND_SECONDS
        self._seconds = seconds
        self._leadership = Leadership(database, "schedule")
        self._watch = Watch(database)

    def run(self, stop: Event) -> None:
        """Ticks until ``stop`` is set, then leaves the lead to another."""
        while not stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except Unavailable as error:
                log.warning("tick-left-out", reason=error.detail)
            except Exception as error:  # whatever went wrong, the next second is another chance
                log.error("tick-failed", error=type(error).__name__)
        with suppress(Unavailable):
            self._leadership.resign()

    def tick(self) -> None:
        self.release()
        if not self._leadership.held():
            return
        with self._database.read() as session:
            due = waiting(session)
        self._wakeup.top_up(due)
        _do(self._seconds)
        self._make_rounds()

    def _make_rounds(self) -> None:
        if time.monotonic() - self._last_round < ROUND_SECONDS:
            return
        self._last_round = time.monotonic()
        _do(self._rounds)

    def release(self) -> None:
        """Gives back what lapsed, and what the dead held."""
        with self._database.read() as session:
            owners = lease_owners(session)
        if owners:
            gone = [*dead_owners(owners), *self._watch.silent()]
            count = release_expired(self._database, max_attempts=self._max_attempts, gone=gone)
            if count:
                log.warning("leases-released", count=count)


def _do(duties: Sequence[Callable[[], object]]) -> None:
    for each in duties:
        try:
            each()
        except Exception as error:  # one that fails keeps no other from being done
            log.error("round-failed", error=type(error).__name__)
