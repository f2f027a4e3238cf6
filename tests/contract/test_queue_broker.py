"""Wake-ups through real brokers and a real Celery worker: the embedded Valkey with SQLite, Redis with PostgreSQL."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from redis.exceptions import ConnectionError as BrokerGone
from sqlalchemy import select

from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.queue.jobs import DEATHS_PER_ATTEMPT
from services.kernel.queue.scheduler import Scheduler
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import JobState
from services.kernel.queue.wakeup import MOST_AT_ONCE, PAUSE_SECONDS, Wakeup, make_celery
from services.kernel.tables import Counter
from tests import databases
from tests.archive import free_port
from tests.contract.leases import job, put, take, until

PASSWORD = "a-secret-of-the-tests"

# ── the broker ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def embedded(tmp_path, empty_catalogue) -> Settings:
    """Settings with the embedded broker's socket, and a catalogue."""
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    return settings


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.cluster)])
def profile(request, tmp_path) -> Iterator[Settings]:
    if request.param == "embedded":
        yield request.getfixturevalue("embedded")
        return
    with databases.postgresql(request.getfixturevalue("postgresql_template")) as url:
        broker = f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0"
        settings = Settings(data=tmp_path / "data", catalogue_url=url, broker_url=broker)
        settings.data.mkdir()
        yield settings


class Broker:
    """The profile's broker as a child of this test, which may be stopped and killed."""

    def __init__(self, settings: Settings) -> None:
        self._command = _valkey(settings) if settings.broker_url is None else _redis(settings.broker_url)
        self._wakeup = Wakeup(make_celery(settings))
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._wakeup.reachable)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _valkey(settings: Settings) -> list[str]:
    return [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket), str(os.getpid())]


def _redis(url: str) -> list[str]:
    program = shutil.which("redis-server") or pytest.fail("Redis is not installed. Run deploy/dev/setup.sh cluster.")
    port = str(urlsplit(url).port)
    return [program, "--bind", "127.0.0.1", "--port", port, "--requirepass", PASSWORD, "--save", "", "--appendonly", "no"]


@pytest.fixture
def broker(profile) -> Iterator[Broker]:
    broker = Broker(profile)
    yield broker
    broker.stop()


@pytest.mark.cluster
def test_the_given_redis_serves_as_a_broker():
    url = os.environ.get("MUNIMENT_TEST_REDIS_URL") or pytest.fail("MUNIMENT_TEST_REDIS_URL names no server.")
    wakeup = Wakeup(make_celery(Settings(broker_url=url)))
    before = wakeup.depth(Queue.READING)
    wakeup.send(Queue.READING, 1)
    assert wakeup.reachable()
    assert wakeup.depth(Queue.READING) == before + 1


def test_a_wake_up_lies_in_its_queue(profile, broker):
    wakeup = Wakeup(make_celery(profile))
    assert wakeup.depth(Queue.READING) == 0
    wakeup.after_commit({"wake": {Queue.READING: 2, Queue.INDEXING: 1000}})
    assert (wakeup.depth(Queue.READING), wakeup.depth(Queue.INDEXING)) == (2, MOST_AT_ONCE)
    wakeup.top_up({Queue.READING: 5, Queue.INDEXING: 5})
    assert (wakeup.depth(Queue.READING), wakeup.depth(Queue.INDEXING)) == (2, MOST_AT_ONCE)


def test_the_embedded_broker_listens_to_nobody_else(embedded):
    broker = Broker(embedded)
    assert embedded.broker_socket.stat().st_mode & 0o077 == 0
    assert embedded.broker_socket.parent.stat().st_mode & 0o077 == 0
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
    assert f"pid={broker.process.pid}," not in listening
    broker.stop()


def test_a_broker_that_was_never_there_is_not_waited_for(profile, monkeypatch):
    """Neither is who delivers a file."""
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", pauses.append)
    monkeypatch.setattr("redis.retry.sleep", pauses.append)
    wakeup = Wakeup(make_celery(profile))
    wakeup.send(Queue.READING, 3)
    wakeup.top_up({Queue.READING: 3})
    assert wakeup.depth(Queue.READING) == 0
    assert sum(pauses) == 0
    assert not wakeup.reachable()


def test_a_broker_that_dies_hangs_and_comes_back(profile, broker):
    wakeup = Wakeup(make_celery(profile))
    wakeup.send(Queue.READING, 1)
    broker.process.send_signal(signal.SIGSTOP)
    wakeup.send(Queue.READING, 1)
    broker.process.send_signal(signal.SIGCONT)
    broker.stop()
    wakeup.send(Queue.READING, 1)
    wakeup.top_up({Queue.READING: 1})
    assert not wakeup.reachable()
    broker.start()
    wakeup = Wakeup(make_celery(profile))
    wakeup.send(Queue.READING, 1)
    assert wakeup.depth(Queue.READING) == 1


def test_a_broker_that_did_not_answer_is_left_alone_for_a_while(profile, broker, monkeypatch):
    """Who hands in a hundred files does not wait a hundred times."""
    now = 0.0
    wakeup = Wakeup(make_celery(profile), clock=lambda: now)
    broker.process.send_signal(signal.SIGSTOP)
    wakeup.send(Queue.READING, 1)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(wakeup._app, "send_task", lambda *_, **__: pytest.fail("it is asked again"))
        for _ in range(100):
            wakeup.send(Queue.READING, 1)
    broker.process.send_signal(signal.SIGCONT)
    until(wakeup.reachable)
    before = wakeup.depth(Queue.READING)
    now = PAUSE_SECONDS
    wakeup.send(Queue.READING, 1)
    assert wakeup.depth(Queue.READING) == before + 1


def test_a_broker_that_dies_between_two_words_is_borne(profile, broker, monkeypatch):
    from kombu.transport.redis import Channel

    def gone(*_: object) -> int:
        raise BrokerGone

    monkeypatch.setattr(Channel, "_size", gone)
    Wakeup(make_celery(profile)).top_up({Queue.READING: 1})


def test_a_commit_stands_whatever_the_broker_does(profile):
    database = Database(profile.catalogue)
    database.after_commit.append(Wakeup(make_celery(profile)).after_commit)
    put(database, "a")
    assert take(database) is not None
    database.close()


class Crew:
    """Two processes of a real Celery worker, which is started again when it ends, as the archive's supervisor does."""

    def __init__(
        self, settings: Settings, *, lease_seconds: float = 60, visibility_seconds: int = 3600, deaf_seconds: float = 60
    ) -> None:
        self._command = [sys.executable, "-m", "tests.contract.celery_worker", str(settings.data)]
        self._command += [str(lease_seconds), str(visibility_seconds), str(deaf_seconds)]
        urls = {"MUNIMENT_CATALOGUE_URL": settings.catalogue, "MUNIMENT_BROKER_URL": settings.broker}
        self._environment, self._stopping = os.environ | urls, threading.Event()
        self._start()
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def _start(self) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(self._command, env=self._environment, **quiet)

    def _keep(self) -> None:
        while self._process.wait() is not None and not self._stopping.is_set():
            self._start()

    def stop(self) -> None:
        self._stopping.set()
        while self._keeper.is_alive():
            self._process.terminate()
            self._keeper.join(1)


@contextmanager
def working(settings: Settings, **crew: float) -> Iterator[tuple[Database, Wakeup]]:
    """A crew at work, and a scheduler that looks after it."""
    database, wakeup = Database(settings.catalogue), Wakeup(make_celery(settings))
    database.after_commit.append(wakeup.after_commit)
    hands, stop = Crew(settings, **crew), threading.Event()
    scheduler = threading.Thread(target=Scheduler(database, wakeup, max_attempts=1).run, args=(stop,))
    scheduler.start()
    try:
        yield database, wakeup
    finally:
        stop.set()
        scheduler.join()
        hands.stop()
        database.close()


def finished(database: Database) -> dict[str, int]:
    with database.read() as session:
        rows = session.execute(select(Counter.series, Counter.last).where(Counter.series.startswith("done:")))
        return {series.removeprefix("done:"): last for series, last in rows}


def begun(settings: Settings, identity: str = "*") -> int:
    return len(list((settings.data / "begun").glob(f"{identity}.*")))


def test_real_celery_over_the_real_broker_does_everything_once_although_workers_are_killed(profile, broker):
    database = Database(profile.catalogue)
    identities = put(database, *(f"{number}" for number in range(197)))
    identities += put(database, *"abc", stage=Stage.READ, die_once=True)
    (poison,) = put(database, "poison", stage=Stage.ASSEMBLE, die=True)
    with working(profile):
        until(lambda: len(finished(database)) == len(identities) and job(database, poison).state == JobState.PARKED)
    assert finished(database) == dict.fromkeys(identities, 1)
    assert begun(profile, poison) == DEATHS_PER_ATTEMPT
    assert begun(profile) == 197 + 3 * 2 + DEATHS_PER_ATTEMPT
    database.close()


def test_workers_hear_again_when_their_broker_comes_back(profile, broker):
    """celery#8030, celery#10205: a worker that hangs after its connection was broken notices that it is deaf, and ends."""
    with working(profile, deaf_seconds=10) as (database, _):
        expected = put(database, "before")
        until(lambda: len(finished(database)) == 1)
        for number in range(3):
            broker.stop()
            expected += put(database, f"while it is away {number}")
            time.sleep(1.5)
            broker.start()
            expected += put(database, f"after {number}")
            until(lambda count=len(expected): len(finished(database)) == count)
        assert finished(database) == dict.fromkeys(expected, 1)


def test_workers_that_were_at_work_while_their_broker_was_away_hear_again(profile, broker):
    """What they acknowledge then reaches nobody, and must not count as work in hand for ever after (celery#8030)."""
    with working(profile, deaf_seconds=3600) as (database, _):
        expected = put(database, "a", "b", seconds=3)
        until(lambda: begun(profile) == 2)
        broker.stop()
        until(lambda: len(finished(database)) == 2)
        broker.start()
        expected += put(database, "after")
        until(lambda: len(finished(database)) == len(expected))
        assert finished(database) == dict.fromkeys(expected, 1)


def test_workers_hear_again_when_their_broker_goes_on_after_a_pause(profile, broker):
    with working(profile, deaf_seconds=10) as (database, _):
        expected = put(database, "before")
        until(lambda: len(finished(database)) == 1)
        broker.process.send_signal(signal.SIGSTOP)
        expected += put(database, "while it is silent")
        time.sleep(5)
        broker.process.send_signal(signal.SIGCONT)
        expected += put(database, "after")
        until(lambda: len(finished(database)) == len(expected))
        assert finished(database) == dict.fromkeys(expected, 1)


def test_a_message_that_is_given_out_again_while_its_job_runs_starts_nothing(profile, broker):
    """celery#5935, by a real visibility timeout: both jobs go on until a message was given out again."""
    with working(profile, visibility_seconds=1) as (database, wakeup):
        identities = put(database, "a", "b", again=True)
        until(lambda: len(finished(database)) == 2)
        wakeup.send(Queue.READING, 3)
        until(lambda: wakeup.depth(Queue.READING) == 0)
        assert finished(database) == dict.fromkeys(identities, 1)
        assert begun(profile) == 2


@pytest.mark.cluster
@pytest.mark.parametrize("profile", ["cluster"], indirect=True)
def test_everything_is_done_once_although_the_catalogue_ends_all_connections_again_and_again(profile, broker):
    with working(profile) as (database, _):
        identities = put(database, *(f"{number}" for number in range(60)), seconds=0.05)
        for _ in range(5):
            time.sleep(0.5)
            databases.disconnect(profile.catalogue)
        until(lambda: len(finished(database)) == 60)
        assert finished(database) == dict.fromkeys(identities, 1)
