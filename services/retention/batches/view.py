"""A batch as it is shown to those whom it concerns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.kernel.approvals import decisions
from services.kernel.approvals.tables import Approval
from services.kernel.blobs.keys import Vault
from services.kernel.errors import NotFound
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person
from services.retention.batches import announcing, concerns, objections, repository, service, witnessing
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.steps import batch_to_change
from services.retention.batches.submission import matter_of
from services.retention.batches.tables import DestructionBatch, DestructionObjection

SEEING = (Right.APPRAISE, Right.EXECUTE, Right.REGISTERS, Right.DECIDE)
GONE = "—"
"""What was written about an item that is destroyed: its key is, too."""


def known(session: Session, principal: Principal, batch_id: str, *, to_change: bool = False) -> DestructionBatch:
    """The batch, if this person has to do with destructions or is named to witness this one. Raises ``NotFound``."""
    found = batch_to_change(session, batch_id) if to_change else repository.batch(session, batch_id)
    if found is None or not (sees_all(principal) or principal.person_id in _witnesses(session, found)):
        raise NotFound("There is no such destruction batch among those that you may know of. List them to find it.")
    return found


def sees_all(principal: Principal) -> bool:
    return any(principal.may(right) for right in SEEING)


def summary(session: Session, batch: DestructionBatch) -> dict[str, Any]:
    totals = repository.totals(session, batch.id)
    return {
        "id": batch.id,
        "number": batch.number,
        "title": batch.title,
        "state": batch.state,
        "method": batch.method,
        "paper_method": batch.paper_method,
        "created_by": _person(session, batch.created_by),
        "created_at": batch.created_at.isoformat(),
        "items": {state: items for state, (items, _) in totals.items()},
        "pages": sum(pages for state, (_, pages) in totals.items() if state != LineState.REMOVED),
    }


def whole(session: Session, vault: Vault, principal: Principal, batch: DestructionBatch) -> dict[str, Any]:
    """With everything that was done about it, and what it waits for."""
    reason = batch.reason_sealed
    return summary(session, batch) | {
        "submitted_by": _person(session, batch.submitted_by),
        "submitted_at": _when(batch.submitted_at),
        "manifest_sha256": batch.manifest_sha256,
        "policy": batch.policy,
        "decided_at": _when(batch.decided_at),
        "notified_at": _when(batch.notified_at),
        "waiting_until": _when(batch.waiting_until),
        "prechecked_at": _when(batch.prechecked_at),
        "executing_at": _when(batch.executing_at),
        "executed_by": _person(session, batch.executed_by),
        "ended_at": _when(batch.ended_at),
        "ended_by": _person(session, batch.ended_by),
        "reason": vault.open_text(session, batch.key_id, service.REASON_CONTEXT, reason) if reason else None,
        "opinions": {opinion or "none": count for opinion, count in repository.opinions(session, batch.id).items()},
        "waits_for": _seats(session, batch),
        "mine": concerns.waits_for(session, principal, batch),
        "receipts_of": concerns.departments(session, principal, batch) if batch.state in announcing.ANNOUNCED else [],
        "signatures": [_signature(session, each) for each in concerns.signatures(session, batch)],
        "notices": [
            {
                "department": each.department,
                "items": each.items,
                "sent_at": each.sent_at.isoformat(),
                "received_by": _person(session, each.received_by),
                "received_at": _when(each.received_at),
            }
            for each in repository.notices(session, batch.id)
        ],
        "objections": [_objection(session, vault, batch, each) for each in repository.objections(session, batch.id)],
        "witnesses": [
            {
                "person": _person(session, each.person_id),
                "capacity": each.capacity,
                "counted_at": _when(each.counted_at),
                "items": each.counted_items,
                "pages": each.counted_pages,
                "matched": each.matched,
                "signed_at": _when(each.signed_at),
            }
            for each in repository.witnesses(session, batch.id)
        ],
        "witnesses_lacking": witnessing.lacking(session, batch) if batch.policy is not None else None,
    }


def _signature(session: Session, approval: Approval) -> dict[str, Any]:
    return {
        "person": _person(session, approval.person_id),
        "for": _person(session, approval.for_id),
        "role": approval.role,
        "round": approval.round,
        "approves": approval.approves,
        "reason": approval.reason,
        "manifest": approval.digest,
        "at": approval.at.isoformat(),
        "expires_at": _when(approval.expires_at),
    }


def _objection(session: Session, vault: Vault, batch: DestructionBatch, each: DestructionObjection) -> dict[str, Any]:
    key_id = objections.key_of(session, batch, each.item_id)

    def told(context: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        try:
            return vault.open_text(session, key_id, context, sealed)
        except NotFound:
            return GONE

    return {
        "id": each.id,
        "item_id": each.item_id,
        "by": _person(session, each.by_id),
        "at": each.at.isoformat(),
        "reason": told(objections.REASON_CONTEXT, each.reason_sealed),
        "upheld": each.upheld,
        "decided_by": _person(session, each.decided_by),
        "decided_at": _when(each.decided_at),
        "answer": told(objections.ANSWER_CONTEXT, each.answer_sealed),
    }


def _seats(session: Session, batch: DestructionBatch) -> list[dict[str, Any]]:
    if batch.state != BatchState.SUBMITTED:
        return []
    seats = decisions.standing_of(session, matter_of(session, batch)).seats
    return [
        {"round": seat.round, "roles": list(seat.rule.roles), "department": seat.rule.department, "missing": seat.missing}
        for seat in seats
    ]


def _witnesses(session: Session, batch: DestructionBatch) -> set[str]:
    return {each.person_id for each in repository.witnesses(session, batch.id)}


def _person(session: Session, person_id: str | None) -> dict[str, str] | None:
    return None if person_id is None else {"id": person_id, "name": session.get_one(Person, person_id).name}


def _when(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
