"""A worker apart looks after itself: while messages lie in its queues and none of its processes is at work, its connection to
the broker hears nothing any more (celery#8030, celery#10205). Then it ends, and whoever started it starts it anew.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import structlog

from services.kernel.queue.stages import Queue

LOOK_SECONDS = 5.0
DEAF = 70
"""Exit code; EX_SOFTWARE in ``sysexits.h``."""

log = structlog.get_logger("worker")


class Ear:
    """Made before the worker forks. ``depth`` tells how many messages lie in a queue."""

    def __init__(
        self,
        depth: Callable[[Queue], int],
        queues: Sequence[Queue],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._depth, self._queues, self._seconds, self._clock = depth, queues, seconds, clock
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the worker lives
        self._since = clock()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Around what a process does when it is woken. The kernel forgets it when the process is killed."""
        own = os.open(f"/proc/self/fd/{self._file.fileno()}", os.O_RDWR)  # forked processes would share one lock
        try:
            fcntl.flock(own, fcntl.LOCK_SH)
            yield
        finally:
            os.close(own)

    def watch(self) -> None:
        """Looks now and then, in a thread of its own, and ends the process when it is deaf."""
        self._since = self._clock()  # not yet at work is not deaf, however long the start took
        Thread(target=self._watch, name="ear", daemon=True).start()

    def is_deaf(self) -> bool:
        if self._someone_works() or not any(self._depth(queue) for queue in self._queues):
            self._since = self._clock()
        return self._clock() - self._since > self._seconds

    def _watch(self) -> None:
        while not self.is_deaf():
            time.sleep(LOOK_SECONDS)
        log.error("worker-deaf", queues=[str(queue) for queue in self._queues])
        os._exit(DEAF)  # its processes are at nothing, and end with it

    def _someone_works(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False
