"""Batches are opened and given up here; what lies between is in the files beside this one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.kernel import series
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.errors import InvalidInput
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.retention.batches import duty, leaving, telling
from services.retention.batches.model import BatchState
from services.retention.batches.steps import CANCELLABLE, require, step
from services.retention.batches.tables import DestructionBatch

LETTERS = "XH"
"""销毁: what the numbers of batches begin with."""
REASON_CONTEXT = "destruction_batches.reason"


def open_batch(
    session: Session, vault: Vault, actor: Principal, title: str, method: str, paper_method: str | None, *, request: str | None
) -> DestructionBatch:
    """An empty batch. Raises ``InvalidInput`` for a method that is not on policy's list (behaviour 24)."""
    allowed = versions.current(session).policy.destruction.methods
    if unknown := [each for each in (method, paper_method) if each is not None and each not in allowed]:
        raise InvalidInput(f"Policy does not allow the method “{unknown[0]}”. Choose one of: {', '.join(sorted(allowed))}.")
    batch = DestructionBatch(
        number=series.of_this_year(session, LETTERS),
        title=title,
        method=method,
        paper_method=paper_method,
        key_id=vault.new_key(session).id,
        created_by=actor.person_id,
    )
    session.add(batch)
    session.flush()
    duty.propose(session, actor, batch)
    told: dict[str, Any] = {"batch": batch.id, "number": batch.number, "method": method, "paper_method": paper_method}
    journal.append(session, "destruction.open", actor=actor.person_id, request=request, **told)
    return batch


def cancel(
    session: Session, vault: Vault, actor: Principal, batch: DestructionBatch, reason: str, *, request: str | None
) -> None:
    """Gives a batch up before it is carried out; its items live on. Raises ``Conflict`` after that."""
    require(batch, CANCELLABLE)
    end(session, vault, batch, BatchState.CANCELLED, actor, reason)
    telling.tell_those_who_know(session, batch, "destruction.cancelled", without=actor.person_id)
    leaving.end(session, batch, actor=actor.person_id, request=request)
    journal.append(session, "destruction.cancel", actor=actor.person_id, request=request, batch=batch.id)


def end(session: Session, vault: Vault, batch: DestructionBatch, state: BatchState, actor: Principal, reason: str) -> None:
    """Rejected or cancelled, by whom and why."""
    step(batch, state)
    batch.ended_at, batch.ended_by = now(), actor.person_id
    batch.reason_sealed = vault.seal_text(session, batch.key_id, REASON_CONTEXT, reason)
