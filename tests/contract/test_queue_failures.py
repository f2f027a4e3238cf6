"""Dead and deaf workers, lost and doubled messages: the failures of brokers, met by the lease."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from services.kernel.db import Database
from services.kernel.queue import jobs
from services.kernel.queue.jobs import DEATHS_PER_ATTEMPT, Lease, LeaseLost, release_expired
from services.kernel.queue.runner import dead_owners, owner_name
from services.kernel.queue.scheduler import Scheduler
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import Job, JobState
from services.kernel.tables import Counter
from tests.contract.leases import ATTEMPTS, LAPSED, Calls, done, job, put, runner, take, until

# ── the dead ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_killed_process_is_known_to_be_dead_at_once_and_a_living_one_never():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    alive, owners = owner_name(os.getpid()), {owner_name(child.pid), owner_name(os.getpid())}
    assert dead_owners(owners) == []
    os.kill(child.pid, signal.SIGSTOP)
    assert dead_owners(owners) == [], "a stopped one is not dead"
    child.kill()
    until(lambda: Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    (dead,) = dead_owners(owners)
    assert dead != alive, "not even collected yet"
    child.wait()
    assert dead_owners(owners) == [dead]


def test_a_process_number_used_again_is_another_owner():
    host, pid, start = owner_name(os.getpid()).rsplit("/", 2)
    assert dead_owners({f"{host}/{pid}/{int(start) - 1}"}) == [f"{host}/{pid}/{int(start) - 1}"]


def test_of_processes_elsewhere_nothing_is_known():
    assert dead_owners({"another-host/1/1", "x", ""}) == []


def test_the_dead_need_not_be_waited_for(queue):
    put(queue, "a", "b")
    dead, alive = take(queue, "host/1/1"), take(queue, "host/2/1")
    assert release_expired(queue, max_attempts=ATTEMPTS, gone=["host/1/1"]) == 1
    assert job(queue, dead.job_id).state == JobState.QUEUED
    done(alive)


def test_a_poison_job_that_kills_its_workers_is_quarantined(queue):
    (identity,) = put(queue, "poison")
    for death in range(1, DEATHS_PER_ATTEMPT * ATTEMPTS + 1):
        assert take(queue, f"host/{death}/1") is not None
        assert release_expired(queue, max_attempts=ATTEMPTS, gone=[f"host/{death}/1"]) == 1
    row = job(queue, identity)
    assert row.state == JobState.PARKED
    assert "died" in row.reason
    assert take(queue) is None


def test_a_job_whose_workers_are_killed_by_others_keeps_all_its_attempts(queue):
    (identity,) = put(queue, "a")
    for death in range(DEATHS_PER_ATTEMPT * ATTEMPTS - 1):
        take(queue, f"host/{death}/1")
        release_expired(queue, max_attempts=ATTEMPTS, gone=[f"host/{death}/1"])
    for _ in range(ATTEMPTS - 1):
        assert take(queue).fail("later", max_attempts=ATTEMPTS) is JobState.QUEUED
        due(queue, identity)
    assert job(queue, identity).deaths == DEATHS_PER_ATTEMPT * ATTEMPTS - 1
    with take(queue).progress():
        pass
    row = job(queue, identity)
    assert (row.attempts, row.deaths) == (1, 0), "progress sets both back"


def due(queue: Database, identity: str) -> None:
    with queue.write() as session:
        session.get_one(Job, identity).due_at = 0.0


# ── the scheduler ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tick_releases_what_lapsed_and_wakes_who_can_do_it(queue):
    calls = Calls()
    (identity,) = put(queue, "a")
    put(queue, "b", stage=Stage.INDEX)
    take(queue, seconds=LAPSED)
    Scheduler(queue, calls, max_attempts=ATTEMPTS).tick()
    assert job(queue, identity).state == JobState.QUEUED
    assert sorted(calls.sent) == [(Queue.INDEXING, 1), (Queue.READING, 1)]


def test_a_tick_wakes_nobody_where_a_message_lies_or_nothing_is_due(queue, monkeypatch):
    monkeypatch.setattr(jobs, "FIRST_RETRY_SECONDS", 100.0)
    calls = Calls()
    scheduler = Scheduler(queue, calls, max_attempts=ATTEMPTS)
    scheduler.tick()
    put(queue, "a")
    calls.lying = 1
    scheduler.tick()
    take(queue).fail("later", max_attempts=ATTEMPTS)
    calls.lying = 0
    scheduler.tick()
    assert calls.sent == []


def test_a_lost_message_is_sent_again(queue):
    """celery#4976, celery#6229, kombu#1836: a message is gone, and its job is not."""
    put(queue, "a")
    calls = Calls()
    for _ in range(3):
        Scheduler(queue, calls, max_attempts=ATTEMPTS).tick()
    assert calls.sent == [(Queue.READING, 1)] * 3


def test_two_schedulers_do_no_harm(queue):
    identities = put(queue, *"abcdef")
    for _ in identities:
        take(queue, "host/1/1", seconds=LAPSED)
    released = []
    threads = [
        threading.Thread(target=lambda: released.append(release_expired(queue, max_attempts=ATTEMPTS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(released) == 6
    assert {job(queue, identity).fence for identity in identities} == {1}


# ── messages that come twice, late or not at all: the failures of Celery with Redis, met by the lease ──────────────────────


def test_a_message_redelivered_while_its_job_runs_starts_nothing(queue):
    """celery#5935."""
    put(queue, "a")
    running = take(queue)
    assert runner(queue, done).drain(Queue.READING) == 0
    done(running)
    assert runner(queue, done).drain(Queue.READING) == 0


def test_duplicate_wakes_do_a_job_once(queue):
    """kombu#337."""
    put(queue, "a", "b")
    begun = []

    def work(lease: Lease) -> None:
        begun.append(lease.job_id)
        done(lease)

    threads = [threading.Thread(target=runner(queue, work).drain, args=(Queue.READING,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == len(set(begun)) == 2


def die(url: str) -> None:
    database = Database(url)
    runner(database, lambda lease: os.kill(os.getpid(), signal.SIGKILL)).drain(Queue.READING)


def test_a_message_acknowledged_although_its_child_was_killed_loses_no_job(queue):
    """celery#1628: the attempt was counted before the run, and the next tick gives the job back."""
    (identity,) = put(queue, "a")
    url = queue.url.render_as_string(hide_password=False)
    queue.close()
    child = multiprocessing.get_context("fork").Process(target=die, args=(url,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    row = job(queue, identity)
    assert (row.state, row.attempts) == (JobState.LEASED, 1)
    Scheduler(queue, Calls(), max_attempts=ATTEMPTS).tick()
    assert job(queue, identity).state == JobState.QUEUED


def hold(url: str, holding: Path, outcome: Path) -> None:
    database = Database(url)
    lease = take(database, owner_name(os.getpid()), seconds=0.3)
    holding.touch()
    until(lambda: (holding.parent / "woken").exists())
    try:
        with lease.finish() as session:
            session.add(Counter(series="written by the deaf one"))
        outcome.write_text("written")
    except LeaseLost:
        outcome.write_text("refused")


def test_a_worker_stopped_past_its_lease_and_resumed_writes_nothing(queue, tmp_path):
    """A deaf worker (celery#8030, celery#10205): its process lives, so only the missing progress tells."""
    put(queue, "a")
    url = queue.url.render_as_string(hide_password=False)
    queue.close()
    holding, outcome = tmp_path / "holding", tmp_path / "outcome"
    deaf = multiprocessing.get_context("fork").Process(target=hold, args=(url, holding, outcome), daemon=True)
    deaf.start()
    until(holding.exists)
    os.kill(deaf.pid, signal.SIGSTOP)
    scheduler = Scheduler(queue, Calls(), max_attempts=ATTEMPTS)
    until(lambda: scheduler.tick() or take_back(queue))
    done(take(queue))
    (tmp_path / "woken").touch()
    os.kill(deaf.pid, signal.SIGCONT)
    deaf.join()
    assert outcome.read_text() == "refused"
    with queue.read() as session:
        assert session.get(Counter, "written by the deaf one") is None


def take_back(queue: Database) -> bool:
    with queue.read() as session:
        return jobs.waiting(session) == {Queue.READING: 1}
