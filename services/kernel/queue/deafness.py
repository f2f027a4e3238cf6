"""Deaf workers: processes that live and hear no wake-up any more, as after a broken connection to the broker (celery#8030,
celery#10205). Whether a worker works is judged by what it takes on, never by its being there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import structlog

from services.kernel.db import Database
from services.kernel.queue.jobs import lease_owners, waiting

LOOK_SECONDS = 1.0

log = structlog.get_logger("deafness")


class Deafness:
    """Work is due, and for ``seconds`` nobody has held a lease: then whoever should have is deaf."""

    def __init__(self, database: Database, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._seconds, self._clock = database, seconds, clock
        self._since = clock()

    def watch(self, stop: Event, deaf: Event) -> None:
        """Looks each second until ``stop`` is set; sets ``deaf`` when it is so, and then counts anew."""
        while not stop.wait(LOOK_SECONDS):
            try:
                if self.found():
                    deaf.set()
            except Exception as error:  # a catalogue that is away tells nothing of the workers
                self._since = self._clock()
                log.warning("look-left-out", error=type(error).__name__)

    def found(self) -> bool:
        """Whether it is so at this moment; then the count begins anew, for who is started next needs time to start."""
        with self._database.read() as session:
            busy = bool(lease_owners(session)) or not waiting(session)
        silent = self._clock() - self._since
        if busy or silent > self._seconds:
            self._since = self._clock()
        return not busy and silent > self._seconds
