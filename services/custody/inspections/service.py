"""Planning inspections, entering what was found, and saying how it was mended. What was found is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.custody.inspections.tables import CustodyInspection, CustodyPlan
from services.custody.storerooms.tables import StoreRoom
from services.kernel import notices, series
from services.kernel.clock import OFFICE, now
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import Role

LETTERS = "XJ"
"""巡检: what the numbers of inspections begin with."""


@dataclass(frozen=True, slots=True)
class Point:
    """``note`` is needed where it is not all right."""

    point: str
    ok: bool
    note: str = ""


def today() -> date:
    return now().astimezone(OFFICE).date()


def plan(
    session: Session,
    actor: Principal,
    title: str,
    points: Sequence[str],
    *,
    every_days: int,
    first_on: date | None,
    room_id: str | None,
    request: str | None,
) -> CustodyPlan:
    if room_id is not None and session.get(StoreRoom, room_id) is None:
        raise NotFound("There is no such room. List the rooms to find it.")
    if len(set(points)) < len(points):
        raise InvalidInput("A point is named twice. Name each once.")
    made = CustodyPlan(
        title=title,
        points=list(points),
        every_days=every_days,
        next_on=first_on or today(),
        room_id=room_id,
        by_id=actor.person_id,
    )
    session.add(made)
    session.flush()
    journal.append(session, "plan.make", actor=actor.person_id, request=request, plan=made.id, every_days=every_days)
    return made


def end(session: Session, actor: Principal, plan_id: str, *, request: str | None) -> CustodyPlan:
    """Nothing more is due by it; what was found stays."""
    ended = _plan(session, plan_id)
    ended.active = False
    journal.append(session, "plan.end", actor=actor.person_id, request=request, plan=ended.id)
    return ended


def enter(
    session: Session, actor: Principal, plan_id: str, found: Sequence[Point], *, inspected_on: date, request: str | None
) -> CustodyInspection:
    """Adds what was found on every point of the plan; the next is due so many days after this one."""
    by = _plan(session, plan_id)
    if not by.active:
        raise Conflict("This plan has ended. Enter the inspection under the plan that holds now.")
    if inspected_on > today():
        raise InvalidInput("An inspection is entered once it was made. Correct its day.")
    if sorted(each.point for each in found) != sorted(by.points):
        raise InvalidInput(f"Every point of the plan is answered once: {'、'.join(by.points)}.")
    if unsaid := [each.point for each in found if not each.ok and not each.note.strip()]:
        raise InvalidInput(f"Say what is wrong with: {'、'.join(unsaid)}.")
    bad = [each.point for each in found if not each.ok]
    row = CustodyInspection(
        number=series.of_this_year(session, LETTERS),
        plan_id=by.id,
        inspected_on=inspected_on,
        points=[asdict(each) for each in found],
        by_id=actor.person_id,
        settled_at=None if bad else now(),
    )
    session.add(row)
    by.next_on = max(by.next_on, inspected_on + timedelta(days=by.every_days))
    session.flush()
    if bad:
        people = notices.holders(session, [Role.ARCHIVIST, Role.COMPANY_LEADER])
        others = [each for each in people if each != actor.person_id]
        notices.notify(session, others, "custody.found", "custody", row.id, number=row.number)
    told = {"inspection": row.id, "plan": by.id, "bad": len(bad)}
    journal.append(session, "custody.inspect", actor=actor.person_id, request=request, result="bad" if bad else "ok", **told)
    return row


def settle(session: Session, actor: Principal, inspection_id: str, text: str, *, request: str | None) -> CustodyInspection:
    """Says how what was found was mended."""
    row = session.get(CustodyInspection, inspection_id, with_for_update=TO_CHANGE)
    if row is None:
        raise NotFound("There is no such inspection. List the inspections to find it.")
    if row.settled_at is not None:
        raise Conflict("There is nothing to mend here, or it is mended. Enter a new inspection.")
    row.settled_at, row.settled_by, row.settlement = now(), actor.person_id, text
    journal.append(session, "custody.mend", actor=actor.person_id, request=request, inspection=row.id)
    return row


def remind(database: Database) -> None:
    """Tells the archivists of what is due by a plan, once for each due day."""
    with database.write() as session:
        due = select(CustodyPlan).where(CustodyPlan.active, CustodyPlan.next_on <= today()).with_for_update(**TO_CHANGE)
        for each in session.scalars(due).all():
            if each.reminded_on != each.next_on:
                each.reminded_on = each.next_on
                people = notices.holders(session, [Role.ARCHIVIST])
                notices.notify(session, people, "custody.due", "custody", each.id, title=each.title)


def _plan(session: Session, plan_id: str) -> CustodyPlan:
    found = session.get(CustodyPlan, plan_id, with_for_update=TO_CHANGE)
    if found is None:
        raise NotFound("There is no such plan. List the plans to find it.")
    return found
