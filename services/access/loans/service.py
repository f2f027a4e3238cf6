"""Handing out originals and taking them back."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.incidents import service as incidents
from services.access.loans.tables import Loan, LoanState
from services.kernel import series
from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE, now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.grants import opening
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person
from services.kernel.items import changed
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.tables import Item

LETTERS = "JC"
"""借出: what the numbers of loans begin with."""
DAMAGED = frozenset({"damaged", "incomplete"})


def hand_out(session: Session, actor: Principal, grant_id: str, item_id: str, condition: str, *, request: str | None) -> Loan:
    """Enters that the original went to the grant's person. Raises ``Conflict`` where it is not there, or may not leave."""
    item = session.get(Item, item_id, with_for_update=TO_CHANGE)
    grant = session.get(Grant, grant_id)
    if item is None or grant is None or item.id not in {line.item_id for line in grant.items}:
        raise NotFound("There is no such grant to borrow this item. List the grants to find it.")
    held = versions.current(session)
    _require_lendable(item, grant, lend_fragile=held.policy.access.lend_fragile)
    borrower = session.get_one(Person, grant.person_id)
    if borrower.natural_id == actor.natural_id:
        raise Forbidden("Nobody hands out paper to themselves. Ask another archivist.", code="separation-of-duties")
    opening.use(session, opening.Ground(grant.id, grant.policy, unused=grant.first_used_at is None))
    loan = Loan(
        number=series.of_this_year(session, LETTERS),
        item_id=item.id,
        grant_id=grant.id,
        borrower_id=grant.person_id,
        lent_by=actor.person_id,
        condition_out=condition,
        due_at=_due(held.policy.access.loan_days),
    )
    session.add(loan)
    item.on_loan = True
    changed(session, item)
    session.flush()
    told: dict[str, Any] = {
        "loan": loan.id,
        "grant": grant.id,
        "to": loan.borrower_id,
        "due": loan.due_at.isoformat(),
        "policy": held.number,
    }
    journal.append(session, "loan.open", actor=actor.person_id, item=item.id, request=request, **told)
    return loan


def take_back(
    session: Session, vault: Vault, actor: Principal, loan: Loan, condition: str, text: str, *, request: str | None
) -> None:
    """Ends a loan; what comes back damaged or incomplete is an incident."""
    item = _ended(session, actor, loan, LoanState.RETURNED)
    loan.condition_in = condition
    incident = None
    if condition in DAMAGED and loan.condition_out != condition:
        incident = incidents.report(session, vault, actor, item, "damage", text or condition, loan_id=loan.id)
    told: dict[str, Any] = {"loan": loan.id, "condition": condition, "late": loan.due_at < now()}
    journal.append(session, "loan.return", actor=actor.person_id, item=item.id, request=request, **told)
    if incident is not None:
        incidents.enter(session, actor, incident, request=request)


def lose(session: Session, vault: Vault, actor: Principal, loan: Loan, text: str, *, request: str | None) -> None:
    """Ends a loan whose paper will not come back: it is missing."""
    item = _ended(session, actor, loan, LoanState.LOST)
    incident = incidents.report(session, vault, actor, item, incidents.LOSS, text, loan_id=loan.id)
    journal.append(session, "loan.lose", actor=actor.person_id, item=item.id, request=request, loan=loan.id)
    incidents.enter(session, actor, incident, request=request)


def loan(session: Session, principal: Principal, loan_id: str, *, to_change: bool = False) -> Loan:
    found = session.get(Loan, loan_id, with_for_update=TO_CHANGE if to_change else None)
    if found is None or not (found.borrower_id == principal.person_id or principal.may(Right.REGISTERS)):
        raise NotFound("There is no such loan among those that you may know of. List the loans to find it.")
    return found


def loans(session: Session, *, borrower_id: str | None, state: str | None, after: str | None, limit: int) -> list[Loan]:
    query = select(Loan).order_by(Loan.id.desc()).limit(limit)
    if borrower_id is not None:
        query = query.where(Loan.borrower_id == borrower_id)
    if state is not None:
        query = query.where(Loan.state == state)
    return list(session.scalars(query if after is None else query.where(Loan.id < after)))


def shown(session: Session, found: Loan) -> dict[str, Any]:
    item = session.get_one(Item, found.item_id)
    return {
        "id": found.id,
        "number": found.number,
        "item_id": item.id,
        "reference_code": item.reference_code,
        "type": item.type,
        "grant_id": found.grant_id,
        "borrower": {"id": found.borrower_id, "name": session.get_one(Person, found.borrower_id).name},
        "lent_by": found.lent_by,
        "lent_at": found.lent_at.isoformat(),
        "condition_out": found.condition_out,
        "due_at": found.due_at.isoformat(),
        "overdue": found.state == LoanState.OUT and found.due_at < now(),
        "state": found.state,
        "ended_at": found.ended_at.isoformat() if found.ended_at else None,
        "condition_in": found.condition_in,
    }


def _require_lendable(item: Item, grant: Grant, *, lend_fragile: bool) -> None:
    if grant.kind != "loan" or grant.revoked_at is not None or not grant.since <= now() < grant.until:
        raise Conflict("This grant is none to borrow paper, or has ended. Ask its person to make a new request.")
    if item.state in opening.CLOSED or item.state in opening.IN_WORK or item.restricted:
        raise Conflict("This item is closed. Its paper stays where it is.")
    if item.on_loan:
        raise Conflict("This paper is with somebody else. Wait until it is back; see the loans.")
    if item.missing:
        raise Conflict("This paper is missing. Settle the incident once it is found.")
    if item.fragile and not lend_fragile:
        raise Conflict("This paper is fragile and does not leave the store. Offer to show a scan.")


def _due(days: int) -> datetime:
    """The end of the office's day so many days from now."""
    day = now().astimezone(OFFICE).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59, 59), OFFICE)


def _ended(session: Session, actor: Principal, found: Loan, state: LoanState) -> Item:
    if found.state != LoanState.OUT:
        raise Conflict(f"This loan is {found.state} already.")
    item = session.get_one(Item, found.item_id, with_for_update=TO_CHANGE)
    found.state, found.ended_at, found.ended_by = state, now(), actor.person_id
    item.on_loan = False
    changed(session, item)
    return item
