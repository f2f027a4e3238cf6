"""What stands in the way of a line at the moment of its destruction, asked in the transaction that begins it (hard case 1)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.holds import Hold, HoldItem
from services.kernel.model import ItemState
from services.kernel.tables import Item
from services.retention.batches.model import Obstacle
from services.retention.batches.tables import DestructionLine


def obstacle(session: Session, line: DestructionLine, item: Item) -> Obstacle | None:
    """The first that is found, or None. The item's row must be locked: whoever holds, lends or grants it locks it too."""
    if item.state != ItemState.APPROVED or item.revision != line.revision:
        return Obstacle.STALE
    if item.holds or _is_held(session, item):
        return Obstacle.HELD
    if item.on_loan:
        return Obstacle.ON_LOAN
    if item.missing:
        return Obstacle.MISSING
    return Obstacle.GRANTED if _is_granted(session, item) else None


def _is_held(session: Session, item: Item) -> bool:
    """By the rows, whatever the count on the item says."""
    live = select(HoldItem.hold_id).join(Hold, Hold.id == HoldItem.hold_id)
    return session.scalar(live.where(HoldItem.item_id == item.id, Hold.released_at.is_(None)).limit(1)) is not None


def _is_granted(session: Session, item: Item) -> bool:
    """Whether a grant lives by which somebody may open the item now or later. A consultation opens nothing."""
    live = select(Grant.id).join(GrantItem, GrantItem.grant_id == Grant.id)
    query = live.where(GrantItem.item_id == item.id, Grant.kind != "consult", Grant.revoked_at.is_(None), Grant.until > now())
    return session.scalar(query.limit(1)) is not None
