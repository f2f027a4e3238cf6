"""A real Celery worker over a catalogue and a broker that the test made; run as
``python -m tests.contract.celery_worker DATA LEASE_SECONDS VISIBILITY_SECONDS DEAF_SECONDS``.

Each finished job leaves a counter ``done:<job>``, each begun one a file ``begun/<job>.<n>``. A payload may say ``die`` (the
process is killed in the middle, each time) or ``die_once``, how many ``seconds`` the work takes, or that it goes on until a
message was given out ``again`` because its time to be acknowledged was over.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from kombu.transport.redis import Channel, QoS

from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.queue import wakeup, worker
from services.kernel.queue.jobs import Lease
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.tables import Counter

AGAIN = "given-out-again"


def work(lease: Lease, folder: Path) -> None:
    begun = len(list(folder.glob(f"{lease.job_id}.*")))
    (folder / f"{lease.job_id}.{begun}").touch()
    if lease.payload.get("die") or (lease.payload.get("die_once") and begun == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(lease.payload.get("seconds", 0))
    while lease.payload.get("again") and not (folder / AGAIN).exists():
        time.sleep(0.05)
    with lease.finish() as session:
        series = f"done:{lease.job_id}"
        row = session.get(Counter, series)
        if row is None:
            session.add(Counter(series=series, last=1))
        else:
            row.last += 1


def watch_for_what_is_given_out_again(folder: Path) -> None:
    """Celery looks for such messages every hundred seconds; here every second."""
    Channel.unacked_restore_interval = Channel.unacked_restore_throttle = 1
    restore = QoS.restore_by_tag

    def noted(self: QoS, *arguments: Any, **more: Any) -> None:
        restore(self, *arguments, **more)
        (folder / AGAIN).touch()

    QoS.restore_by_tag = noted


def main() -> None:
    settings = Settings(data=Path(sys.argv[1]), lease_seconds=float(sys.argv[2]), deaf_seconds=float(sys.argv[4]))
    wakeup.VISIBILITY_SECONDS = int(sys.argv[3])
    folder = settings.data / "begun"
    folder.mkdir(exist_ok=True)
    watch_for_what_is_given_out_again(folder)

    def build() -> Runner:
        handlers = dict.fromkeys(Stage, lambda lease: work(lease, folder))
        return Runner(Database(settings.catalogue), handlers, lease_seconds=settings.lease_seconds, max_attempts=1)

    worker.run(settings, build, list(Queue), concurrency=2)


if __name__ == "__main__":
    main()
