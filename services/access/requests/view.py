"""A request as it is shown to those whom it concerns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.requests import repository
from services.access.requests.approvers import waits_for
from services.access.requests.matter import items_of, matter_of
from services.access.requests.service import PURPOSE_CONTEXT
from services.access.requests.tables import AccessRequest, RequestState
from services.kernel.approvals import decisions
from services.kernel.approvals.decisions import Matter
from services.kernel.blobs.keys import Vault
from services.kernel.errors import NotFound
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person


def known(session: Session, principal: Principal, request_id: str, *, to_change: bool = False) -> AccessRequest:
    """The request, if it is this person's, waits for them, was signed by them, or they keep the registers."""
    asked = repository.request(session, request_id, to_change=to_change)
    if asked is None or not _concerns(session, principal, asked):
        raise NotFound("There is no such request among those that you may know of. List yours, or what waits for you.")
    return asked


def waiting(session: Session, principal: Principal) -> list[AccessRequest]:
    """What this person could sign now, oldest first."""
    return [each for each in repository.open_requests(session) if waits_for(session, principal, each, matter_of(session, each))]


def shown(session: Session, vault: Vault, principal: Principal, asked: AccessRequest) -> dict[str, Any]:
    """With its purpose, what was signed, and for whom it waits."""
    matter = matter_of(session, asked)
    signed = repository.signatures(session, asked)
    grant_id = session.scalar(select(Grant.id).where(Grant.request_id == asked.id))
    open_ = asked.state == RequestState.OPEN
    return {
        "id": asked.id,
        "number": asked.number,
        "kind": asked.kind,
        "state": asked.state,
        "person": _person(session, asked.person_id),
        "department": asked.department,
        "purpose": vault.open_text(session, asked.key_id, PURPOSE_CONTEXT, asked.purpose_sealed),
        "days": asked.days,
        "copies": asked.copies,
        "masked": asked.masked,
        "policy": asked.policy,
        "created_at": asked.created_at.isoformat(),
        "escalated_at": asked.escalated_at.isoformat() if asked.escalated_at else None,
        "decided_at": asked.decided_at.isoformat() if asked.decided_at else None,
        "grant_id": grant_id,
        "items": [
            {"id": item.id, "reference_code": item.reference_code, "type": item.type} for item in items_of(session, asked)
        ],
        "waits_for": _seats(session, matter) if open_ else [],
        "waits_for_me": open_ and waits_for(session, principal, asked, matter),
        "signatures": [
            {
                "person": _person(session, each.person_id),
                "for": _person(session, each.for_id) if each.for_id else None,
                "role": each.role,
                "round": each.round,
                "approves": each.approves,
                "reason": each.reason,
                "at": each.at.isoformat(),
            }
            for each in signed
        ],
    }


def _seats(session: Session, matter: Matter) -> list[dict[str, Any]]:
    seats = decisions.standing_of(session, matter).seats
    return [
        {"round": seat.round, "roles": list(seat.rule.roles), "department": seat.rule.department, "missing": seat.missing}
        for seat in seats
    ]


def _concerns(session: Session, principal: Principal, asked: AccessRequest) -> bool:
    if asked.person_id == principal.person_id or principal.may(Right.REGISTERS):
        return True
    if any(each.person_id == principal.person_id for each in repository.signatures(session, asked)):
        return True
    # Whoever may not sign for having asked themselves is told so, and not that there is nothing.
    return asked.state == RequestState.OPEN and decisions.may_sign(session, principal, matter_of(session, asked))


def _person(session: Session, person_id: str) -> dict[str, str]:
    return {"id": person_id, "name": session.get_one(Person, person_id).name}
