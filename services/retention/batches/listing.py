"""What is due comes into a batch, and leaves it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import holds, items
from services.kernel.errors import NotFound
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.tables import Item
from services.retention.batches import duty, facts, gate, leaving, repository
from services.retention.batches.model import BatchState, LineState, Obstacle
from services.retention.batches.steps import CANCELLABLE, OPEN, require, step
from services.retention.batches.tables import DestructionBatch, DestructionLine

NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True)
class Added:
    """How many items came in; ``refused``: what kept which of the others out (``not_due``, or an obstacle)."""

    items: int
    refused: dict[str, str]


def add(session: Session, actor: Principal, batch: DestructionBatch, ids: Sequence[str], *, request: str | None) -> Added:
    """Takes items that are due into the batch; what is not due or is kept by something stays out, and is told. Raises
    ``NotFound`` where one is not there at all."""
    require(batch, OPEN)
    duty.propose(session, actor, batch)
    wanted = sorted(set(ids))
    refused: dict[str, str] = {}
    taken = [_take(session, batch, some, refused) for some in _pieces(wanted)]
    if any(taken) and batch.state == BatchState.APPRAISED:
        step(batch, BatchState.DRAFT)
    for some in filter(None, taken):
        journal.append(session, "destruction.list", actor=actor.person_id, request=request, batch=batch.id, items=some)
    return Added(sum(map(len, taken)), refused)


def withdraw(session: Session, actor: Principal, batch: DestructionBatch, ids: Sequence[str], *, request: str | None) -> int:
    """Takes lines out, at any time before the batch is carried out: what was approved stays so for the rest. Returns how
    many."""
    require(batch, CANCELLABLE)
    duty.propose(session, actor, batch)
    listed = [item_id for some in _pieces(sorted(set(ids))) for item_id in _listed(session, batch, some)]
    leaving.remove(session, batch, listed, Obstacle.WITHDRAWN, actor=actor.person_id, request=request)
    return len(listed)


def _take(session: Session, batch: DestructionBatch, ids: Sequence[str], refused: dict[str, str]) -> list[str]:
    holds.catch_up(session, ids)
    query = select(Item).where(Item.id.in_(ids)).order_by(Item.id).with_for_update(key_share=True)
    rows = list(session.scalars(query.execution_options(populate_existing=True)))
    if missing := set(ids) - {item.id for item in rows}:
        raise NotFound(f"There is no such item: {', '.join(sorted(missing)[:10])}. List what is due to find it.")
    kept: dict[str, str] = {item.id: NOT_DUE for item in rows if item.state != ItemState.DUE}
    kept = gate.flags(session, rows) | kept
    refused |= kept
    fit = [item.id for item in rows if item.id not in kept]
    items.move_many(session, fit, ItemState.DUE, ItemState.IN_BATCH)
    for row in rows:
        session.expunge(row)
    _list(session, batch, fit)
    return fit


def _list(session: Session, batch: DestructionBatch, ids: Sequence[str]) -> None:
    """As new lines at the end, also those that left before."""
    again = repository.lines_of(session, batch.id, ids)
    position = repository.last_position(session, batch.id)
    told = facts.gather(session, ids)
    for place, item_id in enumerate(ids, position + 1):
        line = again.get(item_id) or DestructionLine(batch_id=batch.id, item_id=item_id)
        line.position, line.state, line.opinion, line.obstacle, line.ended_at = place, LineState.LISTED, None, None, None
        for name, value in told[item_id].columns(item_id).items():
            setattr(line, name, value)
        line.digest = None  # the manifest is not frozen
        session.add(line)
    session.flush()


def _listed(session: Session, batch: DestructionBatch, ids: Sequence[str]) -> list[str]:
    lines = repository.lines_of(session, batch.id, ids)
    listed = [item_id for item_id, line in lines.items() if line.state == LineState.LISTED]
    if missing := set(ids) - set(listed):
        raise NotFound(f"Not on the list of this batch: {', '.join(sorted(missing)[:10])}. List its lines to see what is.")
    for line in lines.values():
        session.expunge(line)
    return listed


def _pieces(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + repository.SOME] for at in range(0, len(ids), repository.SOME)]
