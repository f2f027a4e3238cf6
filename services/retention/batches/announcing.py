"""The departments concerned are told, say that they know, and may object for a while (behaviour 24)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.clock import now
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.identity.delegations import capacities
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import versions
from services.kernel.policy.model import Destruction
from services.retention.batches import duty, repository, telling
from services.retention.batches.model import BatchState
from services.retention.batches.steps import require, step
from services.retention.batches.submission import require_approved
from services.retention.batches.tables import DestructionBatch, DestructionNotice

ANNOUNCED = frozenset({BatchState.NOTIFIED, BatchState.WITNESS_PRECHECKED})


def announce(session: Session, actor: Principal, batch: DestructionBatch, *, request: str | None) -> None:
    """Tells each department with items in the batch; the waiting period begins. Raises ``Conflict`` for a batch whose approval
    has expired."""
    require(batch, {BatchState.APPROVED})
    require_approved(session, batch)
    duty.propose(session, actor, batch)
    policy = policy_of(session, batch)
    concerned = repository.departments(session, batch.id)
    for department, count in concerned.items():
        session.add(DestructionNotice(batch_id=batch.id, department=department, items=count))
        telling.tell(session, _whom(session, policy, department), "destruction.announced", batch)
    step(batch, BatchState.NOTIFIED)
    batch.notified_at = now()
    batch.waiting_until = batch.notified_at + timedelta(days=policy.waiting_days)
    told: dict[str, Any] = {"batch": batch.id, "departments": len(concerned), "until": batch.waiting_until.isoformat()}
    journal.append(session, "destruction.announce", actor=actor.person_id, request=request, **told)


def receive(session: Session, actor: Principal, batch: DestructionBatch, department: str, *, request: str | None) -> None:
    """Says for a department that it knows (回执); the first time counts. Raises ``Forbidden`` for who does not
    speak for it."""
    require(batch, ANNOUNCED)
    notice = session.get(DestructionNotice, (batch.id, department))
    if notice is None:
        raise NotFound("This department was told nothing about this batch. Look at its notices.")
    if not speaks_for(session, actor, policy_of(session, batch), department):
        raise Forbidden("A receipt is given by whom policy has told of it, of that department. Ask its head.")
    if notice.received_at is not None:
        raise Conflict("This department has given its receipt already.")
    notice.received_by, notice.received_at = actor.person_id, now()
    told: dict[str, Any] = {"batch": batch.id, "department": department}
    journal.append(session, "destruction.receive", actor=actor.person_id, request=request, **told)


def policy_of(session: Session, batch: DestructionBatch) -> Destruction:
    """Of the version that it was submitted under."""
    assert batch.policy is not None, "what was submitted has its version"
    return versions.at(session, batch.policy).destruction


def speaks_for(session: Session, actor: Principal, policy: Destruction, department: str) -> bool:
    """One of those whom policy has told of it, of that department; for one that has none of them, and for items of no
    department, a company leader."""
    mine = capacities(session, actor)
    if any(each.role in policy.notify and each.department == department for each in mine):
        return True
    nobody = not department or not notices.holders(session, policy.notify, departments=[department])
    return nobody and any(each.role is Role.COMPANY_LEADER for each in mine)


def _whom(session: Session, policy: Destruction, department: str) -> list[str]:
    own = notices.holders(session, policy.notify, departments=[department]) if department else []
    return own or notices.holders(session, [Role.COMPANY_LEADER])
