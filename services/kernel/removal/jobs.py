"""The queue's part. Broker messages only say that there is work; the jobs themselves are rows, which name items by id in their
keys and payloads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.kernel.errors import Unavailable
from services.kernel.pieces import pieces
from services.kernel.queue.stages import Queue
from services.kernel.queue.tables import Job, JobState

LIVE = (JobState.QUEUED, JobState.LEASED, JobState.PARKED)


def stop(session: Session, items: Collection[str]) -> None:
    """Deletes what is still to be done about these items. Raises ``Unavailable`` while a worker has such a job in hand: what it
    would yet write must be written before the rest goes, and a lease ends."""
    found = list(_about(session, items, LIVE))
    if any(state == JobState.LEASED for _, state in found):
        raise Unavailable("Work on an item that is to be destroyed is in hand. It goes on when that is done.")
    _delete(session, [job_id for job_id, _ in found])


def forget(session: Session, items: Collection[str]) -> None:
    """Deletes what was done about these items, too."""
    _delete(session, [job_id for job_id, _ in _about(session, items, tuple(JobState))])


def left(session: Session, items: Collection[str]) -> int:
    """How many jobs speak of these items."""
    return sum(1 for _ in _about(session, items, tuple(JobState)))


def _about(session: Session, items: Collection[str], states: Sequence[JobState]) -> Iterator[tuple[str, str]]:
    """Ids and states of jobs that name one of the items, read in one pass."""
    wanted = set(items)
    query = select(Job.id, Job.state, Job.key, Job.payload).where(Job.state.in_(states), Job.queue != Queue.DESTRUCTION)
    for row in session.execute(query.execution_options(yield_per=1000)):
        if row.payload.get("item") in wanted or not wanted.isdisjoint(row.key.split(":")):
            yield row.id, row.state


def _delete(session: Session, ids: Sequence[str]) -> None:
    for some in pieces(ids):
        session.execute(delete(Job).where(Job.id.in_(some)), execution_options={"synchronize_session": False})
