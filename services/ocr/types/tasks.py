"""The classifier learns once a day, beside the way of documents."""

from __future__ import annotations

from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import Stage
from services.ocr.types import service


def order(database: Database) -> None:
    """Has it done today, once, however often this is called."""
    with database.write() as session:
        jobs.enqueue(session, Stage.LEARN, now().date().isoformat(), {})


class LearnHandler:
    """Does ``Stage.LEARN``; doing it twice makes a version more, no worse than the one before."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        service.learn(self._kernel)
        with lease.finish():
            pass
