"""A worker apart is judged by what it takes on, never by its being there."""

import multiprocessing
import os
import signal
import time

import pytest

from services.kernel.queue import ear as ears
from services.kernel.queue.ear import DEAF, Ear
from services.kernel.queue.stages import Queue

FORK = multiprocessing.get_context("fork")


class World:
    """A clock and a broker."""

    def __init__(self, lying: int = 1) -> None:
        self.now, self.lying = 0.0, lying
        self.ear = Ear(lambda queue: self.lying, [Queue.READING], seconds=60, clock=lambda: self.now)

    def deaf_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.ear.is_deaf()


def test_messages_that_nobody_takes_tell_that_it_is_deaf():
    world = World()
    assert [world.deaf_after(20) for _ in range(4)] == [False, False, False, True]


def test_an_empty_queue_or_a_broker_that_is_away_tells_nothing():
    world = World(lying=0)
    assert not any(world.deaf_after(50) for _ in range(5))


def test_the_count_begins_with_the_first_message():
    world = World(lying=0)
    assert not world.deaf_after(300)
    world.lying = 1
    assert [world.deaf_after(31), world.deaf_after(31)] == [False, True]


def test_who_works_is_not_deaf_however_long_it_takes():
    world = World()
    with world.ear.at_work():
        assert not world.deaf_after(10_000)
    assert not world.deaf_after(59)
    assert world.deaf_after(2)


def test_other_queues_do_not_matter():
    asked = []
    ear = Ear(lambda queue: asked.append(queue) or 0, [Queue.INDEXING], seconds=1)
    assert not ear.is_deaf()
    assert asked == [Queue.INDEXING]


def test_work_in_other_processes_is_seen_until_they_end_or_are_killed():
    world, begun = World(), FORK.Event()

    def work() -> None:
        with world.ear.at_work():
            begun.set()
            time.sleep(60)

    workers = [FORK.Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    begun.wait()
    for worker in workers:
        assert not world.deaf_after(100)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
    assert world.deaf_after(61)


def test_a_start_that_takes_long_is_not_deafness(monkeypatch):
    world = World()
    monkeypatch.setattr(world.ear, "_watch", lambda: None)
    world.now += 1000
    world.ear.watch()
    assert not world.deaf_after(59)
    assert world.deaf_after(2)


@pytest.mark.parametrize(("lying", "code"), [(1, DEAF), (0, 0)])
def test_a_deaf_worker_ends(monkeypatch, lying, code):
    monkeypatch.setattr(ears, "LOOK_SECONDS", 0.05)

    def live() -> None:
        Ear(lambda queue: lying, [Queue.READING], seconds=0.2).watch()
        time.sleep(60 if lying else 1)
        os._exit(0)

    process = FORK.Process(target=live)
    process.start()
    process.join()
    assert process.exitcode == code
