"""Looking at grants, and ending them before their time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.requests.tables import AccessRequest
from services.kernel import notices
from services.kernel.approvals.tables import Approval
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.grants.opening import grounds
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.tables import Item


def grants(session: Session, *, person_id: str | None, live: bool, after: str | None, limit: int) -> list[Grant]:
    """Newest first."""
    query = select(Grant).order_by(Grant.id.desc()).limit(limit)
    if person_id is not None:
        query = query.where(Grant.person_id == person_id)
    if live:
        query = query.where(Grant.revoked_at.is_(None), Grant.until > now())
    return list(session.scalars(query if after is None else query.where(Grant.id < after)))


def known(session: Session, principal: Principal, grant_id: str, *, to_change: bool = False) -> Grant:
    """The grant, if it is this person's, if they signed for it or keep the registers."""
    grant = session.get(Grant, grant_id, with_for_update=TO_CHANGE if to_change else None)
    if grant is None or not (_own(principal, grant) or principal.may(Right.REGISTERS) or _signed(session, principal, grant)):
        raise NotFound("There is no such grant among those that you may know of. List your grants to find it.")
    return grant


def revoke(session: Session, actor: Principal, grant: Grant, *, request: str | None) -> None:
    """Ends a grant now: by its person, who gives it back, by whoever signed for it, or by the archivist. What is open closes
    with the transaction."""
    if not (_own(actor, grant) or actor.may(Right.LEND) or (actor.may(Right.DECIDE) and _signed(session, actor, grant))):
        raise Forbidden("A grant is ended by its person, by whoever approved it, or by the archivist.")
    if ended(grant):
        raise Conflict("This grant has ended already.")
    grant.revoked_at, grant.revoked_by = now(), actor.person_id
    if not _own(actor, grant):
        notices.notify(session, [grant.person_id], "grant.revoked", "grant", grant.id, number=number_of(session, grant))
    journal.append(session, "grant.revoke", actor=actor.person_id, request=request, grant=grant.id)


def ended(grant: Grant) -> bool:
    return grant.revoked_at is not None or grant.until <= now()


def state_of(grant: Grant) -> str:
    if grant.revoked_at is not None:
        return "revoked"
    return "expired" if grant.until <= now() else "live"


def number_of(session: Session, grant: Grant) -> str | None:
    """The number of the request that it came of."""
    asked = session.get(AccessRequest, grant.request_id)
    return asked.number if asked is not None else None


def shown(session: Session, principal: Principal, grant: Grant) -> dict[str, Any]:
    """``open`` of an item: whether this very person could open it at this moment."""
    items = [session.get_one(Item, line.item_id) for line in grant.items]
    open_ = grounds(session, principal, items)
    return {
        "id": grant.id,
        "request_id": grant.request_id,
        "request_number": number_of(session, grant),
        "person": {"id": grant.person_id, "name": session.get_one(Person, grant.person_id).name},
        "kind": grant.kind,
        "state": state_of(grant),
        "since": grant.since.isoformat(),
        "until": grant.until.isoformat(),
        "revoked_at": grant.revoked_at.isoformat() if grant.revoked_at else None,
        "first_used_at": grant.first_used_at.isoformat() if grant.first_used_at else None,
        "copies_left": grant.copies,
        "policy": grant.policy,
        "masked": not grant.unmasked,
        "items": [{"id": item.id, "reference_code": item.reference_code, "open": item.id in open_} for item in items],
    }


def _own(principal: Principal, grant: Grant) -> bool:
    return grant.person_id == principal.person_id


def _signed(session: Session, principal: Principal, grant: Grant) -> bool:
    query = select(Approval.id).where(
        Approval.kind == "access", Approval.subject_id == grant.request_id, Approval.person_id == principal.person_id
    )
    return session.scalar(query.limit(1)) is not None
