"""One of several schedulers leads, whatever becomes of it; and a part of the archive that is away parks no job."""

import os
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import update

from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.queue import jobs, leader
from services.kernel.queue import runner as running
from services.kernel.queue.jobs import Lease
from services.kernel.queue.leader import Leadership
from services.kernel.queue.runner import owner_name
from services.kernel.queue.scheduler import Scheduler
from services.kernel.queue.stages import Queue
from services.kernel.queue.tables import JobState, Leader
from tests.contract.leases import ATTEMPTS, LAPSED, Calls, done, job, put, runner, take


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


def leads(database: Database, owner: str, seconds: float = 60) -> Leadership:
    return Leadership(database, "schedule", owner=owner, seconds=seconds)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """The leaders' own, which stands still unless told to go on."""
    clock = Clock()
    monkeypatch.setattr(leader, "time", clock)
    return clock


def pass_by(database: Database, clock: Clock, seconds: float) -> None:
    """By the leaders' clock, and by the database's: what it holds to be over when is as much nearer."""
    clock.now += seconds
    with database.write() as session:
        session.execute(update(Leader).values(until=Leader.until - seconds))


def test_one_leads_and_goes_on_leading(database):
    first, second = leads(database, "host/1/1"), leads(database, "host/2/1")
    assert [first.held(), second.held(), first.held(), second.held()] == [True, False, True, False]
    assert leads(database, "host/1/1").held(), "by its name, not by its memory"


def test_of_many_that_start_at_once_one_leads(database):
    found, together = [], threading.Barrier(6)

    def start(number: int) -> None:
        together.wait()
        found.append(leads(database, f"host/{number}/1").held())

    threads = [threading.Thread(target=start, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 5 + [True]


def test_a_leader_that_falls_silent_is_followed_and_knows_it(database, clock):
    first, second = leads(database, "host/1/1"), leads(database, "host/2/1")
    assert first.held() and not second.held()
    pass_by(database, clock, 61)
    assert second.held()
    assert not first.held()


def test_a_leader_renews_in_time(database, clock):
    first, second = leads(database, "host/1/1"), leads(database, "host/2/1")
    for _ in range(6):
        assert first.held()
        pass_by(database, clock, 25)
        assert not second.held()


def test_only_the_database_s_clock_tells_whether_a_leader_s_time_is_over(database, monkeypatch):
    assert leads(database, "host/1/1").held()
    monkeypatch.setattr(time, "time", lambda: now().timestamp() + 86_400)
    assert not leads(database, "host/2/1").held()


def test_a_leader_that_ends_in_order_or_dies_here_is_followed_at_once(database):
    first, second = leads(database, "host/1/1"), leads(database, "host/2/1")
    assert first.held()
    first.resign()
    assert second.held()
    first.resign()
    assert not first.held(), "who does not lead resigns nothing"
    second.resign()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert leads(database, owner_name(child.pid)).held()
    assert not first.held()
    child.kill()
    child.wait()
    assert first.held()


def test_only_the_leader_sends_wake_ups_and_each_gives_back_what_lapsed(database, monkeypatch):
    identity, _ = put(database, "a", "b")
    assert leads(database, "elsewhere/1/1").held()
    calls = Calls()
    follower = Scheduler(database, calls, max_attempts=ATTEMPTS)
    take(database, seconds=LAPSED)
    follower.tick()
    assert job(database, identity).state == JobState.QUEUED
    assert calls.sent == []
    leads(database, "elsewhere/1/1").resign()
    follower.tick()
    assert calls.sent == [(Queue.READING, 2)]


def test_a_scheduler_that_is_stopped_leaves_the_lead(database, monkeypatch):
    monkeypatch.setattr("services.kernel.queue.scheduler.TICK_SECONDS", 0.01)
    stop, scheduler = threading.Event(), Scheduler(database, Calls(), max_attempts=ATTEMPTS)
    thread = threading.Thread(target=scheduler.run, args=(stop,))
    thread.start()
    while leads(database, "host/2/1").held():
        leads(database, "host/2/1").resign()
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert leads(database, "host/2/1").held()


def test_those_who_wait_write_nothing(database, monkeypatch):
    assert leads(database, "host/1/1").held()
    monkeypatch.setattr(database, "write", lambda: pytest.fail("a follower writes"))
    assert not leads(database, "host/2/1").held()
    assert leader.LEASE_SECONDS > 3


# ── a part that is away ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_part_that_is_away_parks_no_job(database, monkeypatch):
    """A store that is down for an hour must not leave a thousand jobs to a person."""
    monkeypatch.setattr(running, "AWAY_SECONDS", 0.0)
    (identity,) = put(database, "a")
    tries = []

    def away(lease: Lease) -> None:
        tries.append(lease.fence)
        if len(tries) <= 10 * ATTEMPTS:
            raise Unavailable("The store does not answer.")
        done(lease)

    runner(database, away).drain(Queue.READING)
    assert len(tries) == 10 * ATTEMPTS + 1
    assert job(database, identity).state == JobState.DONE


def test_a_job_that_waits_for_a_part_says_so(database, monkeypatch):
    monkeypatch.setattr(running, "AWAY_SECONDS", 100.0)

    def away(lease: Lease) -> None:
        raise Unavailable("The store does not answer.")

    (identity,) = put(database, "a")
    assert runner(database, away).drain(Queue.READING) == 1
    row = job(database, identity)
    assert (row.state, row.attempts, row.reason) == (JobState.QUEUED, 0, "The store does not answer.")
    assert take(database) is None, "not before it is due"


def test_a_catalogue_that_is_away_is_told_later_what_became_of_a_job(database, monkeypatch):
    """Else the job would have to wait until its lease runs out."""
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.01)
    fail, answers = Lease.fail, [Unavailable("away"), Unavailable("away")]

    def sometimes(lease: Lease, *args, **more) -> JobState:
        if answers:
            raise answers.pop()
        return fail(lease, *args, **more)

    monkeypatch.setattr(Lease, "fail", sometimes)
    (identity,) = put(database, "a")
    runner(database, lambda lease: 1 / 0).drain(Queue.READING)
    assert (job(database, identity).state, job(database, identity).reason) == (JobState.QUEUED, "ZeroDivisionError")


def test_a_claim_of_a_catalogue_that_is_away_ends_the_shift(database, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(running, "claim", away)
    assert runner(database, done).drain(Queue.READING) == 0


def test_a_process_that_takes_the_place_of_a_dead_one_gives_back_what_that_held(database):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    identity, other = put(database, "a", "b")
    take(database, owner_name(child.pid)), take(database, owner_name(os.getpid()))
    assert runner(database, done).bury() == 0
    child.kill()
    child.wait()
    assert runner(database, done).bury() == 1
    assert (job(database, identity).state, job(database, other).state) == (JobState.QUEUED, JobState.LEASED)
    assert jobs.release_expired(database, max_attempts=ATTEMPTS) == 0
