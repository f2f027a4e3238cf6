"""Leases on jobs. A lease is claimed in one statement, judged by the database's clock, and carries a fencing number: every
write under it first proves, in its own transaction, that the number still stands.

An attempt is counted when the lease is claimed, *before* the run, so that a job that kills its worker is counted too: as a
death, apart from failures, for most workers die of something else than their job. Progress sets both counts back. After
``max_attempts`` failures, or four times as many deaths, the job is parked with its reason, where a person sees it and can send
it off again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, String, case, func, literal, or_, select, true, update
from sqlalchemy.orm import Session

from services.kernel import tracing
from services.kernel.clock import UtcDateTime, database_epoch, now
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE, fresh_id, insert_once, upsert
from services.kernel.errors import Conflict, NotFound
from services.kernel.queue.stages import WAY, Queue, Stage
from services.kernel.queue.tables import Job, JobState

DEATHS_PER_ATTEMPT = 4
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0
AWAY_SECONDS = 5.0
"""After so long a job that met a part of the archive that was away is tried again: as often as it takes, for nobody can mend
the job, and whoever mends the part need not think of it."""


class LeaseLost(Exception):
    """The lease was given to another worker; whatever this one still holds must not be written."""


class Stopping(Exception):
    """The worker is to end. What was finished of the job is kept; the rest goes back into the queue."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one job, for a while. ``progress`` opens the transactions in which its results are written;
    ``stopping`` tells whether the worker has been asked to end."""

    database: Database
    job_id: str
    stage: Stage
    payload: dict[str, Any]
    fence: int
    seconds: float
    stopping: Callable[[], bool] = lambda: False
    trace: str | None = None

    def go_on(self) -> None:
        """Called between two steps of a long job. Raises ``Stopping`` when there is to be no next step."""
        if self.stopping():
            raise Stopping

    @contextmanager
    def progress(self) -> Iterator[Session]:
        """A unit of work that proves and renews the lease first. Raises ``LeaseLost``; then nothing is written."""
        with self.database.write() as session:
            self._prove(session, lease_until=database_epoch() + self.seconds, attempts=1, deaths=0)
            yield session

    @contextmanager
    def finish(self) -> Iterator[Session]:
        """Like ``progress``, and the job is done when the block ends."""
        with self.database.write() as session:
            self._prove(session, state=JobState.DONE, lease_owner=None, lease_until=None, reason=None, finished_at=now())
            yield session

    def fail(self, reason: str, *, max_attempts: int) -> JobState:
        """Gives the job back to be tried later, or parks it. Raises ``LeaseLost`` when it is another worker's by now."""
        with self.database.write() as session:
            job = session.get_one(Job, self.job_id, with_for_update=TO_CHANGE)
            if (job.fence, job.state) != (self.fence, JobState.LEASED):
                raise LeaseLost(f"lease {self.fence} on job {self.job_id} was given away")
            delay = min(FIRST_RETRY_SECONDS * 2 ** (job.attempts - 1), LONGEST_RETRY_SECONDS)
            job.state = JobState.PARKED if job.attempts >= max_attempts else JobState.QUEUED
            job.lease_owner, job.lease_until, job.reason = None, None, reason[:2000]
            job.due_at = session.scalar(select(database_epoch() + delay)) or 0.0
            return JobState(job.state)

    def hand_back(self, reason: str | None = None, *, delay: float = 0.0) -> None:
        """Puts the job back as if it had not been begun. Raises ``LeaseLost`` when it is another worker's by now."""
        with self.database.write() as session:
            self._prove(
                session,
                state=JobState.QUEUED,
                lease_owner=None,
                lease_until=None,
                attempts=Job.attempts - 1,
                reason=reason,
                due_at=database_epoch() + delay,
            )

    def _prove(self, session: Session, **values: Any) -> None:
        mine = (Job.id == self.job_id, Job.fence == self.fence, Job.state == JobState.LEASED)
        if session.execute(update(Job).where(*mine).values(**values)).rowcount != 1:  # type: ignore[attr-defined]
            raise LeaseLost(f"lease {self.fence} on job {self.job_id} was given away")


def enqueue(session: Session, stage: Stage, key: str, payload: dict[str, Any], *, batch: str | None = None) -> bool:
    """Adds a job in the caller's transaction: written with its cause or not at all. ``key`` makes it unique within its
    stage; a second call with the same key does nothing and returns False, also when both come at once."""
    rule = WAY[stage]
    session.flush()  # whatever the job is about is written first
    added = insert_once(
        session,
        Job,
        key=f"{stage}:{key}",
        kind=stage,
        queue=rule.queue,
        priority=rule.priority,
        payload=payload,
        batch_id=batch,
        trace=tracing.carried(),
        due_at=database_epoch(),
    )
    if added:
        call_workers(session, rule.queue)
    return added


def enqueue_each(session: Session, stage: Stage, rows: Select[str, Any, Any]) -> None:
    """The same for each row of a query that gives key, payload and batch: one statement, however many there are."""
    rule, work = WAY[stage], rows.subquery()
    key, payload, batch = work.c
    same = {"kind": stage, "queue": rule.queue, "state": JobState.QUEUED, "trace": tracing.carried()}
    numbers = {"priority": rule.priority, "attempts": 0, "deaths": 0, "fence": 0}
    values: dict[str, Any] = {
        "id": fresh_id(),
        "key": f"{stage}:" + key,
        "payload": payload,
        "batch_id": batch,
        "due_at": database_epoch(),
        "created_at": literal(now(), UtcDateTime),
        **{name: literal(value, String) for name, value in same.items()},
        **{name: literal(value, Integer) for name, value in numbers.items()},
    }
    made = select(*values.values()).where(true())  # SQLite would take ON CONFLICT for the ON of a join
    session.execute(upsert(session, Job).from_select(list(values), made).on_conflict_do_nothing())
    call_workers(session, rule.queue)


def claim(database: Database, queues: list[Queue], owner: str, *, seconds: float) -> Lease | None:
    """The most urgent due job of these queues, leased to ``owner``; None when there is nothing to do. Claimants that come at
    once get different jobs and do not wait for each other."""
    due = (
        select(Job.id)
        .where(Job.state == JobState.QUEUED, Job.queue.in_(queues), Job.due_at <= database_epoch())
        .order_by(Job.priority, Job.due_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    leased = {
        "state": JobState.LEASED,
        "lease_owner": owner,
        "lease_until": database_epoch() + seconds,
        "seen": database_epoch(),
    }
    counted = {"fence": Job.fence + 1, "attempts": Job.attempts + 1}
    statement = update(Job).where(Job.id == due).values(**leased, **counted).returning(Job)
    with database.write() as session:
        job = session.scalar(statement.execution_options(synchronize_session=False))
        if job is None:
            return None
        return Lease(database, job.id, Stage(job.kind), job.payload, job.fence, seconds, trace=job.trace)


def release_expired(database: Database, *, max_attempts: int, gone: list[str] | None = None) -> int:
    """Gives back the jobs whose lease ran out, and at once those whose owner is in ``gone`` (known to be dead).
    Returns how many. A job that is being written to at this moment is passed over: it lives, or another scheduler has it."""
    lapsed = Job.lease_until < database_epoch()
    which = (Job.state == JobState.LEASED, or_(lapsed, Job.lease_owner.in_(gone)) if gone else lapsed)
    free = select(Job.id).where(*which).with_for_update(skip_locked=True)
    poisonous = Job.deaths + 1 >= DEATHS_PER_ATTEMPT * max_attempts
    with database.write() as session:
        result = session.execute(
            update(Job)
            .where(*which, Job.id.in_(free))
            .values(
                state=case((poisonous, JobState.PARKED), else_=JobState.QUEUED),
                reason=case((poisonous, "Its workers died or fell silent, again and again."), else_=Job.reason),
                lease_owner=None,
                lease_until=None,
                attempts=Job.attempts - 1,
                deaths=Job.deaths + 1,
                due_at=database_epoch(),
            )
            .execution_options(synchronize_session=False)
        )
        return int(result.rowcount)  # type: ignore[attr-defined]


def lease_owners(session: Session) -> set[str]:
    rows = session.scalars(select(Job.lease_owner).where(Job.state == JobState.LEASED).distinct())
    return {owner for owner in rows if owner}


def give_sign(database: Database, owner: str) -> None:
    """Tells that ``owner`` lives. No lease is renewed by it: a process may live and get nowhere."""
    held = (Job.state == JobState.LEASED, Job.lease_owner == owner)
    with database.write() as session:
        session.execute(update(Job).where(*held).values(seen=database_epoch()))


def silent_owners(session: Session, seconds: float) -> set[str]:
    """Those who hold leases and gave no sign for so long."""
    silent = (Job.state == JobState.LEASED, Job.seen < database_epoch() - seconds)
    return {owner for owner in session.scalars(select(Job.lease_owner).where(*silent).distinct()) if owner}


def waiting(session: Session) -> dict[Queue, int]:
    """How many jobs are due, by queue."""
    rows = session.execute(
        select(Job.queue, func.count()).where(Job.state == JobState.QUEUED, Job.due_at <= database_epoch()).group_by(Job.queue)
    )
    return {Queue(queue): count for queue, count in rows}


def retry(session: Session, job_id: str) -> Job:
    """Sends a parked job off again, with a clean count."""
    job = session.get(Job, job_id, with_for_update=TO_CHANGE)
    if job is None:
        raise NotFound("There is no such job. List the parked ones to find its id.")
    if job.state != JobState.PARKED:
        raise Conflict(f"The job is {job.state}; only parked jobs can be tried again.")
    job.state, job.attempts, job.deaths, job.reason = JobState.QUEUED, 0, 0, None
    job.due_at = session.scalar(select(database_epoch())) or 0.0
    call_workers(session, Queue(job.queue))
    return job


def call_workers(session: Session, queue: Queue) -> None:
    """Notes that this unit of work leaves something to do; ``Wakeup`` tells the workers once it has committed."""
    session.info.setdefault("wake", Counter())[queue] += 1
