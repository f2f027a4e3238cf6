"""Signs of life: a machine that is gone is noticed long before its leases run out, and a living one is never taken for dead."""

from __future__ import annotations

import time

import pytest

from services.kernel.queue import jobs, pulse
from services.kernel.queue.jobs import Lease
from services.kernel.queue.scheduler import Scheduler
from services.kernel.queue.tables import JobState
from services.kernel.queue.watch import LONGEST_GAP_SECONDS, Watch
from tests.contract.leases import ATTEMPTS, Calls, done, job, put, runner, take, until

ELSEWHERE = "another-host~1/1/1"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(pulse, "SIGN_SECONDS", 0.05)
    monkeypatch.setattr(pulse, "SILENT_SECONDS", 1.0)


def test_who_falls_silent_elsewhere_loses_its_jobs_and_who_gives_signs_keeps_them(database, impatient):
    silent, living = put(database, "a", "b")
    take(database, ELSEWHERE), take(database, "a-third~1/1/1")
    scheduler = Scheduler(database, Calls(), max_attempts=ATTEMPTS)
    with pulse.beating(database, "a-third~1/1/1"):
        until(lambda: scheduler.tick() or job(database, silent).state == JobState.QUEUED)
        assert job(database, living).state == JobState.LEASED
    assert job(database, silent).deaths == 1


def test_who_has_a_job_in_hand_gives_signs_of_it(database, impatient):
    (identity,) = put(database, "a")
    seen = []

    def work(lease: Lease) -> None:
        seen.append(job(database, identity).seen)
        until(lambda: job(database, identity).seen > seen[0])
        done(lease)

    assert runner(database, work).drain(jobs.Queue.READING) == 1
    assert job(database, identity).state == JobState.DONE


class Steps:
    """A clock, and looks at it."""

    def __init__(self, database) -> None:
        self.now = 0.0
        self.watch = Watch(database, clock=lambda: self.now)

    def look(self, *, after: float) -> list[str]:
        self.now += after
        return self.watch.silent()


@pytest.fixture
def steps(database, monkeypatch) -> Steps:
    """Somebody fell silent long ago."""
    put(database, "a")
    take(database, ELSEWHERE)
    monkeypatch.setattr(jobs, "database_epoch", lambda: time.time() + 1000)
    return Steps(database)


def looks(steps: Steps, seconds: int) -> list[list[str]]:
    return [steps.look(after=1) for _ in range(seconds)]


def test_a_watch_that_has_just_begun_judges_nobody(steps):
    silent = int(pulse.SILENT_SECONDS)
    assert looks(steps, silent) == [[]] * silent
    assert looks(steps, 5) == [[ELSEWHERE]] * 5


def test_after_a_catalogue_that_stood_still_signs_are_waited_for_anew(steps):
    assert looks(steps, 50)[-1] == [ELSEWHERE]
    assert steps.look(after=LONGEST_GAP_SECONDS + 1) == [], "all signs are late, and nobody is dead for that"
    assert looks(steps, 46)[-2:] == [[], [ELSEWHERE]]
