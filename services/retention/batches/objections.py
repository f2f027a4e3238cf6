"""Objections during the waiting period: to one item, or to the whole batch. Each needs an answer before anything goes on."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.identity import duties
from services.kernel.identity.delegations import capacities
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.tables import Item
from services.retention.batches import leaving, repository, service, telling
from services.retention.batches.announcing import ANNOUNCED, policy_of
from services.retention.batches.model import LineState, Obstacle
from services.retention.batches.steps import require
from services.retention.batches.tables import DestructionBatch, DestructionObjection

REASON_CONTEXT, ANSWER_CONTEXT = "destruction_objections.reason", "destruction_objections.answer"


def object_to(
    session: Session,
    vault: Vault,
    actor: Principal,
    batch: DestructionBatch,
    item_id: str | None,
    reason: str,
    *,
    request: str | None,
) -> DestructionObjection:
    """Raises ``Conflict`` before and after the time for it, ``NotFound`` for an item that is not on the list."""
    require(batch, ANNOUNCED)
    if item_id is not None and not _listed(session, batch, item_id):
        raise NotFound("This item is not on the list of this batch. List its lines to see what is.")
    objection = DestructionObjection(batch_id=batch.id, item_id=item_id, by_id=actor.person_id)
    objection.reason_sealed = vault.seal_text(session, key_of(session, batch, item_id), REASON_CONTEXT, reason)
    session.add(objection)
    session.flush()
    telling.tell(
        session, {batch.created_by, *notices.holders(session, deciders(session, batch))}, "destruction.objected", batch
    )
    told: dict[str, Any] = {"batch": batch.id, "objection": objection.id}
    journal.append(session, "destruction.object", actor=actor.person_id, item=item_id, request=request, **told)
    return objection


def answer(
    session: Session,
    vault: Vault,
    actor: Principal,
    batch: DestructionBatch,
    objection_id: str,
    *,
    upheld: bool,
    text: str,
    request: str | None,
) -> None:
    """Whoever policy has sign last decides: an objection that is upheld takes the item out, or cancels the batch. Raises
    ``Forbidden`` for whoever made it."""
    objection = session.get(DestructionObjection, objection_id, with_for_update=TO_CHANGE)
    if objection is None or objection.batch_id != batch.id:
        raise NotFound("There is no such objection to this batch. List the batch to see them.")
    require(batch, ANNOUNCED)
    if objection.upheld is not None:
        raise Conflict("This objection was answered already.")
    _require_decider(session, actor, batch, objection)
    objection.upheld, objection.decided_by, objection.decided_at = upheld, actor.person_id, now()
    objection.answer_sealed = vault.seal_text(session, key_of(session, batch, objection.item_id), ANSWER_CONTEXT, text)
    telling.tell(session, [objection.by_id, batch.created_by], "destruction.answered", batch)
    if upheld and objection.item_id is None:
        service.cancel(session, vault, actor, batch, text, request=request)
    elif upheld and objection.item_id is not None and _listed(session, batch, objection.item_id):
        leaving.remove(session, batch, [objection.item_id], Obstacle.OBJECTED, actor=actor.person_id, request=request)
    told: dict[str, Any] = {"batch": batch.id, "objection": objection.id, "upheld": upheld}
    journal.append(session, "destruction.answer", actor=actor.person_id, item=objection.item_id, request=request, **told)


def key_of(session: Session, batch: DestructionBatch, item_id: str | None) -> str:
    return batch.key_id if item_id is None else session.get_one(Item, item_id).key_id


def deciders(session: Session, batch: DestructionBatch) -> frozenset[Role]:
    return frozenset(role for approver in policy_of(session, batch).rounds[-1] for role in approver.roles)


def _require_decider(session: Session, actor: Principal, batch: DestructionBatch, objection: DestructionObjection) -> None:
    roles = deciders(session, batch)
    if not any(each.role in roles for each in capacities(session, actor)):
        raise Forbidden(f"An objection is decided by: {', '.join(sorted(roles))}. Ask one of them.")
    if duties.natural_ids(session, [objection.by_id])[objection.by_id] == actor.natural_id:
        raise Forbidden(
            "Nobody decides on their own objection, in no account. Ask another person.", code="separation-of-duties"
        )


def _listed(session: Session, batch: DestructionBatch, item_id: str) -> bool:
    line = repository.lines_of(session, batch.id, [item_id]).get(item_id)
    return line is not None and line.state == LineState.LISTED
