"""Which items somebody keeps here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import NotFound
from services.kernel.identity.rights import Principal, may_know
from services.kernel.tables import Item


def item_for(session: Session, principal: Principal, item_id: str) -> Item:
    """The item, locked, if this person may know of it. Raises ``NotFound`` alike for one that is not there."""
    return items_for(session, principal, [item_id])[0]


def items_for(session: Session, principal: Principal, item_ids: Sequence[str]) -> list[Item]:
    """The items in the order they are named, each once, locked against changes by others."""
    wanted = list(dict.fromkeys(item_ids))
    query = select(Item).where(Item.id.in_(wanted)).order_by(Item.id).with_for_update(**TO_CHANGE)
    found = {item.id: item for item in session.scalars(query) if may_know(principal, item)}
    if len(found) < len(wanted):
        raise NotFound("There is no such item among those that you may know of. Search for it, or ask the archivist.")
    return [found[each] for each in wanted]
