"""Entering an inspection, answering what was found, and settling it. Records are added to and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.audit.entries import repository
from services.audit.tables import Inspection
from services.kernel import notices, series
from services.kernel.clock import OFFICE, now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.identity.duties import natural_ids
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import versions

LETTERS = "JC"
"""检查: what the numbers of inspections begin with."""
KIND = "inspection"


class InspectionState(StrEnum):
    TO_MEND = "to_mend"
    """Something was found that the archivist must mend."""
    ANSWERED = "answered"
    """The archivist says that it is mended; the leader has not looked yet."""
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Finding:
    """``due``: by when it is to be mended; None where all was in order."""

    inspected_on: date
    scope: str
    findings: str
    due: date | None = None
    item_ids: Sequence[str] = ()


def enter(session: Session, actor: Principal, finding: Finding, *, request: str) -> Inspection:
    """Adds a record; the archivists are told where something is to be mended."""
    today = now().astimezone(OFFICE).date()
    if finding.inspected_on > today:
        raise InvalidInput("An inspection is entered once it was made. Correct its day.")
    if finding.due is not None and finding.due < finding.inspected_on:
        raise InvalidInput("What is to be mended is due after the inspection. Correct the day.")
    state = InspectionState.TO_MEND if finding.due else InspectionState.SETTLED
    row = Inspection(
        number=series.of_this_year(session, LETTERS),
        inspected_on=finding.inspected_on.isoformat(),
        scope=finding.scope,
        findings=finding.findings,
        item_ids=list(finding.item_ids),
        state=state,
        due_on=finding.due.isoformat() if finding.due else None,
        by_id=actor.person_id,
    )
    session.add(row)
    session.flush()
    if finding.due:
        notices.notify(session, notices.holders(session, [Role.ARCHIVIST]), "inspection.found", KIND, row.id, number=row.number)
    told: dict[str, Any] = {"inspection": row.id, "items": row.item_ids, "state": state}
    journal.append(session, "inspection.enter", actor=actor.person_id, request=request, **told)
    return row


def answer(session: Session, actor: Principal, inspection_id: str, text: str, *, request: str) -> Inspection:
    """The archivist says what was done about it. Nobody answers their own inspection."""
    row = _open(session, inspection_id, InspectionState.TO_MEND)
    if natural_ids(session, [row.by_id])[row.by_id] == actor.natural_id:
        raise Forbidden(
            "Whoever inspected does not answer for what was found. Ask another person.", code="separation-of-duties"
        )
    row.state = InspectionState.ANSWERED
    _step(session, actor, row, "answer", text, request)
    notices.notify(session, [row.by_id], "inspection.answered", KIND, row.id, number=row.number)
    return row


def settle(session: Session, actor: Principal, inspection_id: str, text: str, *, accepted: bool, request: str) -> Inspection:
    """A leader is content with the answer, or sends it back."""
    row = _open(session, inspection_id, InspectionState.ANSWERED)
    answered_by = row.steps[-1]["by"]
    if natural_ids(session, [answered_by])[answered_by] == actor.natural_id:
        raise Forbidden("Whoever answered does not settle it. Ask another leader.", code="separation-of-duties")
    row.state = InspectionState.SETTLED if accepted else InspectionState.TO_MEND
    _step(session, actor, row, "settle" if accepted else "return", text, request)
    if not accepted:
        notices.notify(session, [answered_by], "inspection.found", KIND, row.id, number=row.number)
    return row


def inspections(session: Session, *, after: str | None, limit: int) -> list[Inspection]:
    """Newest first."""
    query = select(Inspection).order_by(Inspection.id.desc()).limit(limit)
    return list(session.scalars(query if after is None else query.where(Inspection.id < after)))


def standing(session: Session) -> dict[str, Any]:
    """When the last inspection was, and whether the next is overdue by policy."""
    last = session.scalar(select(func.max(Inspection.inspected_on)))
    every = versions.current(session).policy.oversight.inspection_days
    days = (now().astimezone(OFFICE).date() - date.fromisoformat(last)).days if last else None
    return {"last": last, "days_since": days, "every_days": every, "overdue": days is None or days > every}


def shown(session: Session, row: Inspection) -> dict[str, Any]:
    people = repository.names(session, {row.by_id, *(step["by"] for step in row.steps)})
    return {
        "id": row.id,
        "number": row.number,
        "inspected_on": row.inspected_on,
        "scope": row.scope,
        "findings": row.findings,
        "item_ids": row.item_ids,
        "state": row.state,
        "due_on": row.due_on,
        "by": {"id": row.by_id, "name": people.get(row.by_id)},
        "at": row.at.isoformat(),
        "steps": [step | {"name": people.get(step["by"])} for step in row.steps],
    }


def _open(session: Session, inspection_id: str, state: InspectionState) -> Inspection:
    row = session.get(Inspection, inspection_id, with_for_update=TO_CHANGE)
    if row is None:
        raise NotFound("There is no such inspection. List the inspections to find it.")
    if row.state != state:
        raise Conflict(f"This inspection is {row.state}; only one that is {state} can be taken further here.")
    return row


def _step(session: Session, actor: Principal, row: Inspection, act: str, text: str, request: str) -> None:
    row.steps = [*row.steps, {"act": act, "by": actor.person_id, "at": now().isoformat(), "text": text}]
    session.flush()
    journal.append(session, f"inspection.{act}", actor=actor.person_id, request=request, inspection=row.id)
