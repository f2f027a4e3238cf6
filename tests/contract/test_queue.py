"""Jobs and leases: the truth about what is to be done, whatever becomes of workers, messages and brokers."""

import os
import threading
import time

import pytest
from sqlalchemy import func, select

from services.kernel import clock
from services.kernel.db import Database
from services.kernel.errors import Conflict, NotFound, Unavailable
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease, LeaseLost, enqueue, release_expired
from services.kernel.queue.runner import owner_name
from services.kernel.queue.stages import WAY, Queue, Stage, following
from services.kernel.queue.tables import Job, JobState
from services.kernel.tables import Counter
from tests.contract.leases import ATTEMPTS, LAPSED, Calls, done, job, lapse, put, runner, take

# ── enqueueing ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_enqueued_once_within_its_stage(queue):
    put(queue, "a")
    with queue.write() as session:
        assert not enqueue(session, Stage.INSPECT, "a", {"other": 1})
        assert enqueue(session, Stage.READ, "a", {})
        assert not enqueue(session, Stage.READ, "a", {})
    with queue.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 2


def test_a_job_that_is_done_is_not_enqueued_again(queue):
    put(queue, "a")
    done(take(queue))
    with queue.write() as session:
        assert not enqueue(session, Stage.INSPECT, "a", {})


def test_a_job_stands_or_falls_with_its_cause(queue):
    calls = Calls()
    queue.after_commit.append(calls.after_commit)
    with pytest.raises(RuntimeError), queue.write() as session:
        session.add(Counter(series="cause"))
        enqueue(session, Stage.INSPECT, "a", {})
        raise RuntimeError
    assert take(queue) is None
    assert calls.sent == [], "nobody was woken"


def test_workers_are_woken_once_the_job_is_committed(queue):
    calls = Calls()
    queue.after_commit.append(calls.after_commit)
    with queue.write() as session:
        enqueue(session, Stage.INSPECT, "a", {})
        enqueue(session, Stage.READ, "b", {})
        enqueue(session, Stage.INDEX, "c", {})
        enqueue(session, Stage.INSPECT, "a", {})
        assert calls.sent == []
    assert calls.sent == [(Queue.READING, 2), (Queue.INDEXING, 1)]


def test_the_way_of_a_document_has_an_end():
    way, stage = [Stage.INSPECT], Stage.INSPECT
    while WAY[stage].next is not None:
        stage = following(stage)
        way.append(stage)
    assert way == [Stage.INSPECT, Stage.READ, Stage.ASSEMBLE, Stage.CATALOGUE, Stage.INDEX]
    assert all(WAY[stage].next is None for stage in Stage if stage not in way), "what is done beside it leads nowhere"
    with pytest.raises(ValueError, match="nothing follows"):
        following(stage)


# ── claiming ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_nearly_done_goes_first_then_what_waits_longest(queue):
    put(queue, "read 1", stage=Stage.READ)
    put(queue, "assemble", stage=Stage.ASSEMBLE)
    put(queue, "read 2", stage=Stage.READ)
    put(queue, "inspect", stage=Stage.INSPECT)
    put(queue, "elsewhere", stage=Stage.INDEX)
    order = []
    while lease := take(queue):
        order.append(job(queue, lease.job_id).key)
    assert order == ["inspect:inspect", "assemble:assemble", "read:read 1", "read:read 2"]


def test_each_job_goes_to_one_of_many(queue):
    put(queue, *(f"{number}" for number in range(60)))
    claimed, failures = [], []

    def work(owner: str) -> None:
        try:
            while lease := take(queue, owner):
                claimed.append((lease.job_id, owner))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"host/{number}/1",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(claimed) == len({identity for identity, _ in claimed}) == 60


def test_a_claim_counts_before_the_run(queue):
    (identity,) = put(queue, "a")
    lease = take(queue)
    row = job(queue, identity)
    assert (row.state, row.attempts, row.fence, row.lease_owner) == (JobState.LEASED, 1, 1, "host/1/1")
    assert (lease.fence, lease.payload, lease.stage) == (1, {}, Stage.INSPECT)


# ── leases ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_the_database_s_clock_counts(queue, monkeypatch):
    """A worker whose own clock jumps neither loses a lease nor takes one."""
    put(queue, "a")
    lease = take(queue, seconds=60)
    real = time.time
    for jump in (-86_400, 86_400):
        monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
        monkeypatch.setattr(clock, "now", lambda: 1 / 0)
        assert release_expired(queue, max_attempts=ATTEMPTS) == 0
        assert take(queue) is None
        with lease.progress():
            pass


def test_a_lease_that_ran_out_is_given_to_another(queue):
    put(queue, "a")
    first = take(queue, "host/1/1", seconds=0.05)
    time.sleep(0.1)
    assert take(queue) is None, "only the scheduler releases"
    assert release_expired(queue, max_attempts=ATTEMPTS) == 1
    second = take(queue, "host/2/1")
    assert (second.job_id, second.fence) == (first.job_id, 2)


def test_progress_renews_the_lease_and_sets_the_attempts_back(queue):
    (identity,) = put(queue, "a")
    for _ in range(2):
        take(queue, seconds=LAPSED)
        release_expired(queue, max_attempts=ATTEMPTS)
    lease = take(queue)
    assert (job(queue, identity).attempts, job(queue, identity).deaths) == (1, 2)
    for _ in range(3):
        lapse(queue, lease)
        with lease.progress():
            pass
        assert release_expired(queue, max_attempts=ATTEMPTS) == 0
    assert (job(queue, identity).attempts, job(queue, identity).deaths) == (1, 0)


def test_what_is_written_with_progress_is_written_with_the_proof_or_not_at_all(queue):
    put(queue, "a")
    lease = take(queue)
    with lease.progress() as session:
        session.add(Counter(series="page 1"))
    with pytest.raises(RuntimeError), lease.progress() as session:
        session.add(Counter(series="page 2"))
        raise RuntimeError
    with queue.read() as session:
        assert session.scalars(select(Counter.series)).all() == ["page 1"]


def lost(queue: Database) -> tuple[Lease, Lease]:
    """A worker that was stopped past its lease, and the one that has its job now."""
    put(queue, "a")
    deaf = take(queue, "host/1/1", seconds=LAPSED)
    release_expired(queue, max_attempts=ATTEMPTS)
    return deaf, take(queue, "host/2/1")


ACTS = {
    "progress": lambda lease: lease.progress().__enter__(),
    "finish": lambda lease: lease.finish().__enter__(),
    "fail": lambda lease: lease.fail("reason", max_attempts=ATTEMPTS),
    "hand back": lambda lease: lease.hand_back(),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_deaf_worker_that_wakes_after_its_lease_has_its_write_refused(queue, act):
    deaf, present = lost(queue)
    with pytest.raises(LeaseLost):
        act(deaf)
    row = job(queue, present.job_id)
    assert (row.state, row.fence, row.lease_owner) == (JobState.LEASED, 2, "host/2/1")
    done(present)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_lease_that_was_released_and_not_yet_claimed_is_lost_too(queue, act):
    put(queue, "a")
    deaf = take(queue, seconds=LAPSED)
    release_expired(queue, max_attempts=ATTEMPTS)
    with pytest.raises(LeaseLost):
        act(deaf)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_job_is_finished_once(queue, act):
    put(queue, "a")
    lease = take(queue)
    done(lease)
    with pytest.raises(LeaseLost):
        act(lease)
    assert job(queue, lease.job_id).state == JobState.DONE


def test_a_lease_that_lapsed_but_was_not_given_away_still_holds(queue):
    """Nobody else has it, so what was done need not be done again."""
    put(queue, "a")
    lease = take(queue, seconds=LAPSED)
    done(lease)
    assert release_expired(queue, max_attempts=ATTEMPTS) == 0


def test_a_job_that_is_handed_back_counts_no_attempt(queue):
    (identity,) = put(queue, "a")
    take(queue).hand_back()
    row = job(queue, identity)
    assert (row.state, row.attempts, row.lease_owner, row.lease_until) == (JobState.QUEUED, 0, None, None)
    assert take(queue).fence == 2


# ── failures ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def due_now(queue: Database, identity: str) -> None:
    with queue.write() as session:
        session.get_one(Job, identity).due_at = 0


def test_a_failed_job_waits_longer_each_time_and_is_then_parked_with_its_reason(queue, monkeypatch):
    monkeypatch.setattr(jobs, "FIRST_RETRY_SECONDS", 100.0)
    (identity,) = put(queue, "a")
    waits = []
    for attempt in range(1, ATTEMPTS + 1):
        lease = take(queue)
        state = lease.fail(f"reason {attempt}", max_attempts=ATTEMPTS)
        assert state == (JobState.PARKED if attempt == ATTEMPTS else JobState.QUEUED)
        row = job(queue, identity)
        waits.append(row.due_at - time.time())
        assert (row.reason, row.lease_owner, row.lease_until) == (f"reason {attempt}", None, None)
        assert take(queue) is None, "not before it is due"
        due_now(queue, identity)
    assert waits[:2] == pytest.approx([100, 200], abs=30)
    assert take(queue) is None, "parked"


def test_a_parked_job_is_sent_off_again_by_a_person(queue):
    calls = Calls()
    queue.after_commit.append(calls.after_commit)
    (identity,) = put(queue, "a")
    take(queue).fail("reason", max_attempts=1)
    calls.sent.clear()
    with queue.write() as session:
        jobs.retry(session, identity)
    row = job(queue, identity)
    assert (row.state, row.attempts, row.reason) == (JobState.QUEUED, 0, None)
    assert calls.sent == [(Queue.READING, 1)]
    assert take(queue).fence == 2, "the number goes on, so that who held it before is still recognised"


def test_only_parked_jobs_are_sent_off_again(queue):
    (identity,) = put(queue, "a")
    with pytest.raises(Conflict), queue.write() as session:
        jobs.retry(session, identity)
    with pytest.raises(NotFound), queue.write() as session:
        jobs.retry(session, "none")


def test_a_runner_does_all_that_is_due(queue):
    put(queue, "a", "b", "c")
    put(queue, "d", stage=Stage.INDEX)
    assert runner(queue, done).drain(Queue.READING) == 3
    assert runner(queue, done).drain(Queue.READING) == 0
    assert runner(queue, done).drain(Queue.INDEXING) == 1


def test_reasons_are_ours_or_only_the_name_of_the_error(queue):
    first, second = put(queue, "a", "b")

    def fail(lease: Lease) -> None:
        raise Unavailable("The store is full.") if lease.job_id == first else ValueError("张伟 110105194912310021")

    runner(queue, fail).drain(Queue.READING)
    assert job(queue, first).reason == "The store is full."
    assert job(queue, second).reason == "ValueError"


def test_a_job_in_hand_when_the_worker_is_stopped_goes_back(queue):
    (identity,) = put(queue, "a")
    stop = threading.Event()

    def work(lease: Lease) -> None:
        with lease.progress() as session:
            session.add(Counter(series="page 1"))
        stop.set()
        lease.go_on()
        raise AssertionError("there is no next step")

    assert runner(queue, work).drain(Queue.READING, stopping=stop.is_set) == 1
    assert job(queue, identity).state == JobState.QUEUED
    with queue.read() as session:
        assert session.get(Counter, "page 1") is not None


def test_a_runner_whose_lease_was_lost_goes_on_with_the_next_job(queue):
    first, second = put(queue, "a", "b")

    def work(lease: Lease) -> None:
        if lease.job_id == first and lease.fence == 1:
            release_expired(queue, max_attempts=ATTEMPTS, gone=[owner_name(os.getpid())])
        done(lease)

    assert runner(queue, work).drain(Queue.READING) == 3
    assert {job(queue, each).state for each in (first, second)} == {JobState.DONE}
