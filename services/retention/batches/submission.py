"""A manifest is frozen and signed by whom policy names. Frozen anew, it voids what was signed before (hard case 11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.kernel import items
from services.kernel.approvals import decisions
from services.kernel.approvals.decisions import Matter
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.errors import Conflict
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.retention.batches import duty, inventory, leaving, manifest, repository, service, telling
from services.retention.batches.model import FROZEN, BatchState, LineState, Obstacle
from services.retention.batches.steps import require, step
from services.retention.batches.tables import DestructionBatch

SUBMITTABLE = FROZEN | {BatchState.APPRAISED}


def submit(session: Session, actor: Principal, batch: DestructionBatch, *, request: str | None) -> None:
    """Freezes the manifest, for the first time or anew, and asks the first approvers. What is held or missing leaves before.
    Raises ``Conflict`` where nothing is left."""
    require(batch, SUBMITTABLE)
    duty.propose(session, actor, batch)
    batch.manifest_sha256 = None  # nothing is stale that is written anew
    dropped = inventory.drop(session, batch, {Obstacle.HELD, Obstacle.MISSING, Obstacle.STALE})
    if not repository.to_destroy(session, batch.id)[0]:
        raise Conflict("Something keeps every line of this batch. See its gate for what, and wait or cancel the batch.")
    step(batch, BatchState.SUBMITTED)
    batch.submitted_by, batch.policy = actor.person_id, versions.current(session).number
    batch.decided_at = batch.notified_at = batch.waiting_until = batch.prechecked_at = None
    manifest.freeze(session, batch, now())
    _forget_the_steps_after(session, batch)
    _go_on(session, batch)
    inventory.enter(session, batch, dropped, actor=actor.person_id, request=request)
    told: dict[str, Any] = {"batch": batch.id, "manifest": batch.manifest_sha256, "policy": batch.policy}
    journal.append(session, "destruction.submit", actor=actor.person_id, request=request, **told)


def decide(
    session: Session,
    vault: Vault,
    actor: Principal,
    batch: DestructionBatch,
    *,
    approves: bool,
    reason: str,
    request: str | None,
) -> None:
    """Signs for or against. Raises ``Forbidden`` for whoever had a part in proposing it; ``Conflict`` once it is decided."""
    require(batch, {BatchState.SUBMITTED})
    matter = matter_of(session, batch)
    approval, standing = decisions.decide(session, actor, matter, approves=approves, reason=reason)
    if standing.rejected:
        service.end(session, vault, batch, BatchState.REJECTED, actor, reason)
        telling.tell(session, [batch.created_by], "destruction.rejected", batch)
        leaving.end(session, batch, actor=actor.person_id, request=request)
    else:
        _go_on(session, batch)
    act = "destruction.approve" if approves else "destruction.reject"
    told: dict[str, Any] = {
        "batch": batch.id,
        "round": approval.round,
        "for": approval.for_id,
        "manifest": matter.digest,
        "policy": batch.policy,
    }
    journal.append(session, act, actor=actor.person_id, request=request, **told)


def matter_of(session: Session, batch: DestructionBatch) -> Matter:
    """Under the version of policy that it was submitted under."""
    assert batch.manifest_sha256 is not None and batch.policy is not None, "only what was submitted is a matter"
    policy = versions.at(session, batch.policy).destruction
    return Matter(
        subject=duty.subject_of(batch),
        digest=batch.manifest_sha256,
        rounds=policy.rounds,
        policy=batch.policy,
        requester_department=session.get_one(Person, batch.created_by).department,
        item_departments=frozenset(repository.departments(session, batch.id)) - {""},
        valid_for=timedelta(days=policy.approval_days),
    )


def require_approved(session: Session, batch: DestructionBatch) -> None:
    """Raises ``Conflict`` where a signature has expired since."""
    if not decisions.standing_of(session, matter_of(session, batch)).approved:
        raise Conflict(
            "An approval of this batch has expired. Submit it again, and have it signed anew.", code="approval-expired"
        )


def _go_on(session: Session, batch: DestructionBatch) -> None:
    """Asks whoever comes next, or takes it for approved."""
    matter = matter_of(session, batch)
    if decisions.standing_of(session, matter).open:
        if not telling.ask_to_sign(session, batch, matter):
            telling.tell(session, [batch.created_by], "destruction.nobody", batch)
        return
    step(batch, BatchState.APPROVED)
    batch.decided_at = now()
    for lines in repository.each_piece(session, batch.id, state=LineState.LISTED):
        items.move_many(session, [line.item_id for line in lines], ItemState.IN_BATCH, ItemState.APPROVED)
    telling.tell(session, [batch.created_by], "destruction.approved", batch)


def _forget_the_steps_after(session: Session, batch: DestructionBatch) -> None:
    """Notices, counts and approvals were of another manifest."""
    for lines in repository.each_piece(session, batch.id, state=LineState.LISTED):
        items.move_many(session, [line.item_id for line in lines], ItemState.APPROVED, ItemState.IN_BATCH)
    for witness in repository.witnesses(session, batch.id):
        witness.counted_at = witness.counted_items = witness.counted_pages = witness.matched = None
    for notice in repository.notices(session, batch.id):
        session.delete(notice)
