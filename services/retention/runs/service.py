"""Ordering runs, doubting them, and confirming what was in doubt."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE, take_turn
from services.kernel.errors import Conflict, NotFound
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import ItemState, Role
from services.kernel.policy import versions
from services.kernel.policy.model import Policy
from services.kernel.policy.versions import InForce
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Item
from services.retention import calendar, conditions
from services.retention.tables import RetentionRun, RunState

FIRST, POLICY = "first", "policy"
LIVE = (RunState.ORDERED, RunState.WAITING, RunState.DONE)


def order(database: Database) -> bool:
    """Orders the run of the day, unless there is one: the scheduler's. Of several schedulers one orders it."""
    day = calendar.today()
    with database.read() as session:
        if _of_day(session, day):
            return False
    with database.write() as session:
        take_turn(session, "retention-runs")
        return not _of_day(session, day) and bool(_add(session, day, by=None))


def order_now(session: Session, actor: Principal, *, request: str | None) -> RetentionRun:
    """Orders a run at once, for somebody who has recorded what starts clocks. Raises ``Conflict`` while one is going on."""
    take_turn(session, "retention-runs")
    if session.scalar(select(RetentionRun.id).where(RetentionRun.state == RunState.ORDERED).limit(1)):
        raise Conflict("A run is ordered already and will be done in a moment. Look at the runs.")
    run = _add(session, calendar.today(), by=actor.person_id)
    journal.append(session, "retention.order", actor=actor.person_id, request=request, run=run.id)
    return run


def confirm(session: Session, actor: Principal, run_id: str, *, request: str | None) -> RetentionRun:
    """A person says that the day is right, and that what policy makes due is due: the run goes on. Raises ``Conflict`` for one
    that waits for nothing, or for another day's."""
    run = run_of(session, run_id, to_change=True)
    if run.state != RunState.WAITING:
        raise Conflict(f"This run is {run.state}; only one that waits can be confirmed.")
    if run.day != calendar.today():
        raise Conflict("This run was for another day than the clock tells now. Order a new one.")
    run.state, run.confirmed_by, run.confirmed_at = RunState.ORDERED, actor.person_id, now()
    jobs.enqueue(session, Stage.ASSESS, f"{run.id}:confirmed", {"run": run.id})
    told: dict[str, Any] = {"run": run.id, "day": run.day.isoformat(), "doubts": run.doubts, "policy": run.policy}
    journal.append(session, "retention.confirm", actor=actor.person_id, request=request, **told)
    return run


def run_of(session: Session, run_id: str, *, to_change: bool = False) -> RetentionRun:
    run = session.get(RetentionRun, run_id, with_for_update=TO_CHANGE if to_change else None)
    if run is None:
        raise NotFound("There is no such run. List the runs to find it.")
    return run


def doubts(session: Session, run: RetentionRun, held: InForce) -> list[str]:
    """What a person must confirm before this run makes anything due: the first list there ever is, a day that the clock cannot
    be believed in, and a policy that makes due what was not due under the one before (hard cases 8 and 11)."""
    last = last_done(session)
    if last is None:
        return [FIRST] if _any(session, conditions.due(held.policy, run.day, conditions.class_by_type(held.policy))) else []
    found = [calendar.doubt(run.day, last.day, gap_days=held.policy.due_run.gap_days)]
    if last.policy != held.number and _newly_due(session, run.day, versions.at(session, last.policy), held.policy):
        found.append(POLICY)
    return [each for each in found if each is not None]


def wait(session: Session, run: RetentionRun, why: list[str]) -> None:
    """Leaves the run to a person, and tells those who can confirm it."""
    run.state, run.doubts = RunState.WAITING, why
    told: dict[str, Any] = {"day": run.day.isoformat(), "doubts": why}
    notices.notify(session, notices.holders(session, [Role.ARCHIVIST]), "retention.doubt", "run", run.id, **told)
    journal.append(session, "retention.doubt", actor=None, run=run.id, policy=run.policy, **told)


def last_done(session: Session) -> RetentionRun | None:
    query = select(RetentionRun).where(RetentionRun.state == RunState.DONE)
    return session.scalar(query.order_by(RetentionRun.done_at.desc(), RetentionRun.id.desc()).limit(1))


def _add(session: Session, day: date, *, by: str | None) -> RetentionRun:
    for earlier in session.scalars(select(RetentionRun).where(RetentionRun.state == RunState.WAITING)):
        earlier.state = RunState.DROPPED
    run = RetentionRun(day=day, policy=versions.current(session).number, ordered_by=by)
    session.add(run)
    session.flush()
    jobs.enqueue(session, Stage.ASSESS, run.id, {"run": run.id})
    return run


def _of_day(session: Session, day: date) -> bool:
    query = select(RetentionRun.id).where(RetentionRun.day == day, RetentionRun.state.in_(LIVE))
    return session.scalar(query.limit(1)) is not None


def _newly_due(session: Session, day: date, before: Policy, after: Policy) -> bool:
    if (before.retention, before.taxonomy) == (after.retention, after.taxonomy):
        return False
    follows = conditions.followed()
    return _any(session, conditions.due(after, day, follows), ~conditions.due(before, day, follows))


def _any(session: Session, *which: conditions.Condition) -> bool:
    query = select(Item.id).where(Item.state == ItemState.ARCHIVED, *which)
    return session.scalar(query.limit(1)) is not None
