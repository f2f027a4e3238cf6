"""Lines that leave a batch: their items live on, and the schedule looks at them again. The rest goes on (hard case 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from services.kernel import items
from services.kernel.clock import now
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.retention.batches import repository
from services.retention.batches.model import BatchState, LineState, Obstacle, advance_line
from services.retention.batches.tables import DestructionBatch


def remove(
    session: Session,
    batch: DestructionBatch,
    ids: Sequence[str],
    obstacle: Obstacle,
    *,
    actor: str | None,
    request: str | None,
) -> None:
    """Takes the lines of these items, all of which are listed, out of the batch. ``actor``: None where the archive does."""
    take_out(session, batch, ids, obstacle)
    enter(session, batch, ids, obstacle, actor=actor, request=request)


def take_out(session: Session, batch: DestructionBatch, ids: Sequence[str], obstacle: Obstacle) -> None:
    """The first half: what may wait for others. The second, :func:`enter`, comes after all other work."""
    removed = advance_line(LineState.LISTED, LineState.REMOVED)
    for some in _pieces(ids):
        repository.change_lines(session, batch.id, some, state=removed, obstacle=obstacle, ended_at=now())
        for state in (ItemState.IN_BATCH, ItemState.APPROVED):
            items.move_many(session, some, state, ItemState.ARCHIVED)
    if ids and batch.state == BatchState.NOTIFIED:  # what some counted already is no more
        for witness in repository.witnesses(session, batch.id):
            witness.matched = False if witness.matched else witness.matched


def enter(
    session: Session,
    batch: DestructionBatch,
    ids: Sequence[str],
    obstacle: Obstacle,
    *,
    actor: str | None,
    request: str | None,
) -> None:
    for some in _pieces(ids):
        told: dict[str, Any] = {"batch": batch.id, "why": obstacle.value, "items": some}
        journal.append(session, "destruction.remove", actor=actor, request=request, **told)


def end(session: Session, batch: DestructionBatch, *, actor: str, request: str | None) -> None:
    """Takes all lines out: the batch was rejected or cancelled."""
    pieces = repository.each_piece(session, batch.id, state=LineState.LISTED)
    ids = [line.item_id for lines in pieces for line in lines]
    remove(session, batch, ids, Obstacle.ENDED, actor=actor, request=request)


def _pieces(ids: Sequence[str]) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[at : at + repository.SOME] for at in range(0, len(ordered), repository.SOME)]
