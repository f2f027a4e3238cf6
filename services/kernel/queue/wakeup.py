"""Wake-ups by Celery. A message says only "there is work in this queue"; losing one, or all, costs a second until the
scheduler sends it again. So the failures of brokers (facts: lost, doubled and stuck messages) touch speed, never truth.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from services.kernel.config import Settings
from services.kernel.queue.redis_errors import RedisError
from services.kernel.queue.settling import settle_acknowledgements
from services.kernel.queue.stages import Queue

TASK = "muniment.wake"
VISIBILITY_SECONDS = 3600
"""After so long Redis gives out again a message that was not acknowledged. It says no more than a fresh one would."""
PAUSE_SECONDS = 5.0
"""So long a broker that did not answer is left alone: whoever hands paper in while it hangs does not wait for it each time."""
MOST_AT_ONCE = 4
"""Messages that lie in a queue at most: enough to wake every process of a small machine."""

BROKER_ERRORS = (OperationalError, RedisError, OSError)

log = structlog.get_logger("queue")


def make_celery(settings: Settings) -> Celery:
    """The Celery application: late acknowledgement, no results, nothing prefetched beyond one message a process."""
    settle_acknowledgements()
    app = Celery("muniment", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=False,  # the lease brings the work back, not the message
        task_ignore_result=True,
        task_default_queue=Queue.READING,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
            "visibility_timeout": VISIBILITY_SECONDS,
            # Who sends a wake-up does not wait for a broker that is away; the scheduler repeats it.
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0,
            "interval_max": 0,
        },
    )
    return app


class Wakeup:
    """Sends wake-ups. A broker that does not answer is logged and otherwise ignored."""

    def __init__(self, app: Celery, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._clock = app, clock
        self._silent_until = float("-inf")

    def after_commit(self, info: dict[Any, Any]) -> None:
        """For ``Database.after_commit``: tells what the unit of work has enqueued."""
        for queue, count in info.pop("wake", {}).items():
            self.send(queue, count)

    def send(self, queue: Queue, count: int) -> None:
        if self._clock() < self._silent_until:
            return
        try:
            for _ in range(min(count, MOST_AT_ONCE)):
                self._app.send_task(TASK, args=[str(queue)], queue=str(queue), retry=False)
        except BROKER_ERRORS as error:
            self._silent_until = self._clock() + PAUSE_SECONDS
            log.warning("broker-unreachable", queue=queue, error=type(error).__name__)

    def top_up(self, waiting: dict[Queue, int]) -> None:
        """Makes sure that a message lies in each queue that has work; called by the scheduler."""
        for queue, count in waiting.items():
            if self.depth(queue) == 0:
                self.send(queue, count)

    def depth(self, queue: Queue) -> int:
        """Messages that lie in the queue. Raises nothing: an unreachable broker holds none."""
        try:
            with self._app.connection_for_read() as connection:
                return int(connection.default_channel._size(str(queue)))
        except BROKER_ERRORS:
            return 0

    def reachable(self) -> bool:
        try:
            with self._app.connection_for_read() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
                return True
        except BROKER_ERRORS:
            return False
