"""The Celery worker: a few one-thread processes that drain the queues when woken."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready, worker_shutting_down

from services.kernel import tracing
from services.kernel.config import Settings
from services.kernel.errors import Unavailable
from services.kernel.processes import die_with_parent
from services.kernel.queue.ear import Ear
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue
from services.kernel.queue.wakeup import TASK, Wakeup, make_celery

log = structlog.get_logger("worker")


def run(settings: Settings, build: Callable[[], Runner], queues: Sequence[Queue], *, concurrency: int) -> None:
    """Serves until SIGTERM; then each process ends after the job in hand. ``build`` is called in every process. Ends by itself
    when it hears no wake-ups any more."""
    app = make_celery(settings)
    ear = Ear(Wakeup(app).depth, queues, seconds=settings.deaf_seconds)
    stopping = multiprocessing.get_context("fork").Event()
    crew: dict[str, Runner] = {}
    main = os.getpid()

    def runner() -> Runner:
        if "runner" not in crew:
            crew["runner"] = build()
            crew["runner"].bury()  # what the process held whose place this one takes
        return crew["runner"]

    def start(**_: Any) -> None:
        die_with_parent(main)
        try:
            runner()
        except Unavailable as error:
            log.warning("not-ready", reason=error.detail)

    def stop(**_: Any) -> None:
        stopping.set()

    def wake(queue: str) -> None:
        try:
            with ear.at_work():
                runner().drain(Queue(queue), stopping=stopping.is_set)
        except Unavailable as error:
            log.warning("not-ready", reason=error.detail)

    worker_process_init.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)
    worker_process_shutdown.connect(lambda **_: tracing.end(), weak=False)
    app.task(wake, name=TASK, acks_late=True)
    worker_ready.connect(lambda **_: ear.watch(), weak=False)
    app.Worker(
        hostname=f"muniment-{os.getpid()}@%h",
        queues=[str(queue) for queue in queues],
        concurrency=concurrency,
        pool="prefork",
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
    ).start()
