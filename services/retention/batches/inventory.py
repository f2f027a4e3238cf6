"""销毁前审核 (behaviour 26): what stands in the way is looked for before a manifest is frozen and before it is counted, and
leaves the batch, so that the rest can go on (hard cases 1 and 3)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from services.kernel import holds
from services.kernel.errors import Conflict
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.retention.batches import duty, gate, leaving, repository
from services.retention.batches.model import FROZEN, Obstacle
from services.retention.batches.steps import require
from services.retention.batches.tables import DestructionBatch

Dropped = dict[Obstacle, list[str]]
LEAVE = frozenset({Obstacle.HELD, Obstacle.MISSING, Obstacle.ON_LOAN, Obstacle.GRANTED})
"""What is stale stays: it is submitted anew, or withdrawn, by a person."""


def check(session: Session, actor: Principal, batch: DestructionBatch, *, request: str | None) -> None:
    """Takes all out that something blocks. Raises ``Conflict`` where nothing would be left."""
    require(batch, FROZEN)
    duty.propose(session, actor, batch)
    dropped = drop(session, batch, LEAVE)
    if not repository.to_destroy(session, batch.id)[0]:
        raise Conflict("Something keeps every line of this batch. See its gate for what, and wait or cancel the batch.")
    enter(session, batch, dropped, actor=actor.person_id, request=request)
    counts = {obstacle.value: len(ids) for obstacle, ids in dropped.items()}
    journal.append(session, "destruction.check", actor=actor.person_id, request=request, batch=batch.id, left=counts)


def drop(session: Session, batch: DestructionBatch, which: Collection[Obstacle]) -> Dropped:
    """Takes out what is blocked by one of these, and returns it for :func:`enter`, which comes last."""
    holds.catch_up(session)
    found: Dropped = {}
    for line, obstacle in gate.obstacles(session, batch):
        if obstacle in which:
            found.setdefault(obstacle, []).append(line.item_id)
    for obstacle, ids in found.items():
        leaving.take_out(session, batch, ids, obstacle)
    return found


def enter(session: Session, batch: DestructionBatch, dropped: Dropped, *, actor: str | None, request: str | None) -> None:
    for obstacle, ids in dropped.items():
        leaving.enter(session, batch, ids, obstacle, actor=actor, request=request)


def require_clear(session: Session, batch: DestructionBatch) -> None:
    """Raises ``Conflict`` with what blocks lines now."""
    holds.catch_up(session)
    counts: dict[str, int] = {}
    for _, obstacle in gate.obstacles(session, batch):
        counts[obstacle] = counts.get(obstacle, 0) + 1
    if counts:
        told = ", ".join(f"{obstacle}: {count}" for obstacle, count in sorted(counts.items()))
        raise Conflict(
            f"Lines are blocked ({told}). Have the archivist check the inventory, or submit the batch again if they are stale.",
            code="lines-blocked",
        )
