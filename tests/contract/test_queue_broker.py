"""Wake-ups through the embedded Valkey and a real Celery worker."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as BrokerGone
from sqlalchemy import select

from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.queue.jobs import DEATHS_PER_ATTEMPT
from services.kernel.queue.scheduler import Scheduler
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import JobState
from services.kernel.queue.wakeup import MOST_AT_ONCE, Wakeup, make_celery
from services.kernel.tables import Counter
from tests.contract.leases import job, put, take, until

# ── the broker ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def embedded(tmp_path, empty_catalogue) -> Settings:
    """Settings with the embedded broker's socket, and a catalogue."""
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    return settings


class Broker:
    """The embedded Valkey as a child of this test."""

    def __init__(self, settings: Settings) -> None:
        command = [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket), str(os.getpid())]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wakeup = Wakeup(make_celery(settings))
        until(settings.broker_socket.exists)
        until(self._wakeup.reachable)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(embedded) -> Iterator[Broker]:
    broker = Broker(embedded)
    yield broker
    broker.stop()


def test_a_wake_up_lies_in_its_queue(embedded, broker):
    wakeup = Wakeup(make_celery(embedded))
    assert wakeup.depth(Queue.READING) == 0
    wakeup.after_commit({"wake": {Queue.READING: 2, Queue.INDEXING: 1000}})
    assert (wakeup.depth(Queue.READING), wakeup.depth(Queue.INDEXING)) == (2, MOST_AT_ONCE)
    wakeup.top_up({Queue.READING: 5, Queue.INDEXING: 5})
    assert (wakeup.depth(Queue.READING), wakeup.depth(Queue.INDEXING)) == (2, MOST_AT_ONCE)


def test_the_broker_listens_to_nobody_else(embedded, broker):
    assert embedded.broker_socket.stat().st_mode & 0o077 == 0
    assert embedded.broker_socket.parent.stat().st_mode & 0o077 == 0
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
    assert f"pid={broker.process.pid}," not in listening


def test_a_broker_that_was_never_there_is_borne_quickly(embedded):
    wakeup = Wakeup(make_celery(embedded))
    began = time.monotonic()
    wakeup.send(Queue.READING, 3)
    wakeup.top_up({Queue.READING: 3})
    assert wakeup.depth(Queue.READING) == 0
    assert time.monotonic() - began < 3, "who delivers a file does not wait for it"
    assert not wakeup.reachable()


def test_a_broker_that_dies_hangs_and_comes_back(embedded, broker):
    wakeup = Wakeup(make_celery(embedded))
    wakeup.send(Queue.READING, 1)
    broker.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    wakeup.send(Queue.READING, 1)
    assert time.monotonic() - began < 5
    broker.process.send_signal(signal.SIGCONT)
    broker.stop()
    wakeup.send(Queue.READING, 1)
    wakeup.top_up({Queue.READING: 1})
    assert not wakeup.reachable()
    again = Broker(embedded)
    try:
        wakeup.send(Queue.READING, 1)
        assert wakeup.depth(Queue.READING) == 1
    finally:
        again.stop()


def test_a_broker_that_dies_between_two_words_is_borne(embedded, broker, monkeypatch):
    from kombu.transport.redis import Channel

    def gone(*_: object) -> int:
        raise BrokerGone

    monkeypatch.setattr(Channel, "_size", gone)
    Wakeup(make_celery(embedded)).top_up({Queue.READING: 1})


def test_a_commit_stands_whatever_the_broker_does(embedded):
    database = Database(embedded.catalogue)
    database.after_commit.append(Wakeup(make_celery(embedded)).after_commit)
    put(database, "a")
    assert take(database) is not None
    database.close()


class Crew:
    """Two processes of a real Celery worker."""

    def __init__(self, settings: Settings, lease_seconds: float = 60) -> None:
        command = [sys.executable, "-m", "tests.contract.celery_worker", str(settings.data), str(lease_seconds)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def finished(database: Database) -> dict[str, int]:
    with database.read() as session:
        rows = session.execute(select(Counter.series, Counter.last).where(Counter.series.startswith("done:")))
        return {series.removeprefix("done:"): last for series, last in rows}


def test_real_celery_over_the_real_broker_does_everything_once_although_workers_are_killed(embedded, broker):
    database = Database(embedded.catalogue)
    wakeup = Wakeup(make_celery(embedded))
    database.after_commit.append(wakeup.after_commit)
    identities = put(database, *(f"{number}" for number in range(197)))
    identities += put(database, *"abc", stage=Stage.READ, die_once=True)
    (poison,) = put(database, "poison", stage=Stage.ASSEMBLE, die=True)
    crew, stop = Crew(embedded), threading.Event()
    scheduler = threading.Thread(target=Scheduler(database, wakeup, max_attempts=1).run, args=(stop,))
    scheduler.start()
    try:
        until(lambda: len(finished(database)) == len(identities) and job(database, poison).state == JobState.PARKED, 60)
    finally:
        stop.set()
        scheduler.join()
        crew.stop()
    assert finished(database) == dict.fromkeys(identities, 1)
    begun = embedded.data / "begun"
    assert len(list(begun.glob(f"{poison}.*"))) == DEATHS_PER_ATTEMPT
    assert len(list(begun.iterdir())) == 197 + 3 * 2 + DEATHS_PER_ATTEMPT
    database.close()
