"""What stands between a line and its destruction at this moment (hard cases 1, 3, 11). Asked when a manifest is frozen, when it
was counted, and once more for each line in the transaction that destroys it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import holds
from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.model import ItemState
from services.kernel.tables import Item
from services.retention import calendar
from services.retention.batches import facts, repository
from services.retention.batches.model import LineState, Obstacle
from services.retention.batches.tables import DestructionBatch, DestructionLine

BATCHED = frozenset({ItemState.IN_BATCH, ItemState.APPROVED})


def flags(session: Session, items: Collection[Item]) -> dict[str, Obstacle]:
    """By item, the first thing that blocks it: a hold, a loan, its paper's absence, or a live grant."""
    moment, ids = now(), [item.id for item in items]
    live = (Grant.revoked_at.is_(None), Grant.since <= moment, Grant.until > moment, Grant.kind != "consult")
    granted = set(session.scalars(select(GrantItem.item_id).join(Grant).where(GrantItem.item_id.in_(ids), *live)))
    found = {}
    for item in items:
        if item.holds:
            found[item.id] = Obstacle.HELD
        elif item.on_loan:
            found[item.id] = Obstacle.ON_LOAN
        elif item.missing:
            found[item.id] = Obstacle.MISSING
        elif item.id in granted:
            found[item.id] = Obstacle.GRANTED
    return found


def stale(session: Session, lines: Sequence[DestructionLine], *, frozen: bool = True) -> set[str]:
    """The items that are not due any more, by the policy in force now, or are no more what the manifest says of them, where it
    is ``frozen``."""
    told, today = facts.gather(session, [line.item_id for line in lines]), calendar.today()

    def is_it(line: DestructionLine) -> bool:
        found = told.get(line.item_id)
        if found is None or not found.is_due(today):
            return True
        return frozen and found.digest(line.item_id) != line.digest

    return {line.item_id for line in lines if is_it(line)}


def obstacle(session: Session, line: DestructionLine) -> Obstacle | None:
    """What keeps this line from being destroyed, with its item locked until this transaction ends: whoever would place a hold,
    lend or grant access meanwhile waits, and then finds it gone."""
    holds.catch_up(session, [line.item_id])
    query = select(Item).where(Item.id == line.item_id).with_for_update(key_share=True)
    item = session.scalar(query.execution_options(populate_existing=True))
    if item is None or item.state != ItemState.APPROVED:
        return Obstacle.STALE
    return flags(session, [item]).get(item.id) or (Obstacle.STALE if stale(session, [line]) else None)


def obstacles(session: Session, batch: DestructionBatch) -> Iterator[tuple[DestructionLine, Obstacle]]:
    """All that block lines of the batch now, in its order."""
    for lines in repository.each_piece(session, batch.id, state=LineState.LISTED):
        ids = [line.item_id for line in lines]
        items = list(session.scalars(select(Item).where(Item.id.in_(ids)).execution_options(populate_existing=True)))
        blocked = flags(session, items)
        gone = {line.item_id for line in lines} - {item.id for item in items if item.state in BATCHED}
        old = gone | stale(session, lines, frozen=batch.manifest_sha256 is not None)
        for line in lines:
            if found := blocked.get(line.item_id) or (Obstacle.STALE if line.item_id in old else None):
                yield line, found
