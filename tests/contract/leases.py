"""What the tests of jobs and leases share."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from services.kernel.db import Database
from services.kernel.queue.jobs import Lease, claim, enqueue
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import Job
from services.kernel.queue.wakeup import Wakeup

ATTEMPTS = 3
LAPSED = -1.0
"""Seconds of a lease that has run out when it is given."""


def put(database: Database, *keys: str, stage: Stage = Stage.INSPECT, **payload) -> list[str]:
    """Enqueues jobs and returns their ids."""
    with database.write() as session:
        for key in keys:
            assert enqueue(session, stage, key, payload)
        return [session.scalars(select(Job.id).where(Job.key == f"{stage}:{key}")).one() for key in keys]


def take(database: Database, owner: str = "host/1/1", seconds: float = 60, queue: Queue = Queue.READING) -> Lease | None:
    return claim(database, [queue], owner, seconds=seconds)


def job(database: Database, identity: str) -> Job:
    with database.read() as session:
        return session.get_one(Job, identity)


def done(lease: Lease) -> None:
    with lease.finish():
        pass


def until(condition: Callable[[], bool]) -> None:
    """Waits as long as the test may take: a slow machine is no failure."""
    while not condition():
        time.sleep(0.02)


def lapse(database: Database, lease: Lease) -> None:
    """Lets its time be over."""
    with database.write() as session:
        session.get_one(Job, lease.job_id).lease_until = 0


class Calls(Wakeup):
    """A broker of which only is known what was sent."""

    def __init__(self, lying: int = 0) -> None:
        self.sent: list[tuple[Queue, int]] = []
        self.lying = lying

    def send(self, queue: Queue, count: int) -> None:
        self.sent.append((queue, count))

    def depth(self, queue: Queue) -> int:
        return self.lying


def runner(queue: Database, handler: Callable[[Lease], None]) -> Runner:
    return Runner(queue, dict.fromkeys(Stage, handler), lease_seconds=60, max_attempts=ATTEMPTS)
