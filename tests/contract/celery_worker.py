"""A real Celery worker over a catalogue and a broker that the test made; run as
``python -m tests.contract.celery_worker DATA LEASE_SECONDS VISIBILITY_SECONDS``.

Each finished job leaves a counter ``done:<job>``, each begun one a file ``begun/<job>.<n>``. A payload may say ``die`` (the
process is killed in the middle, each time) or ``die_once``, or how many ``seconds`` the work takes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.queue import wakeup, worker
from services.kernel.queue.jobs import Lease
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.tables import Counter


def work(lease: Lease, folder: Path) -> None:
    begun = len(list(folder.glob(f"{lease.job_id}.*")))
    (folder / f"{lease.job_id}.{begun}").touch()
    if lease.payload.get("die") or (lease.payload.get("die_once") and begun == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(lease.payload.get("seconds", 0))
    with lease.finish() as session:
        series = f"done:{lease.job_id}"
        row = session.get(Counter, series)
        if row is None:
            session.add(Counter(series=series, last=1))
        else:
            row.last += 1


def main() -> None:
    settings = Settings(data=Path(sys.argv[1]), lease_seconds=float(sys.argv[2]))
    wakeup.VISIBILITY_SECONDS = int(sys.argv[3])
    folder = settings.data / "begun"
    folder.mkdir(exist_ok=True)

    def build() -> Runner:
        handlers = dict.fromkeys(Stage, lambda lease: work(lease, folder))
        return Runner(Database(settings.catalogue), handlers, lease_seconds=settings.lease_seconds, max_attempts=1)

    worker.run(settings, build, list(Queue), concurrency=2)


if __name__ == "__main__":
    main()
