"""Which items somebody names, as far as that person may know of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.errors import Conflict, NotFound
from services.kernel.identity.rights import Principal, may_know
from services.kernel.model import ItemState
from services.kernel.tables import Item

MOST = 1_000
"""Items that one request names."""


def item_for(session: Session, principal: Principal, item_id: str) -> Item:
    """The item, locked, if this person may know of it. Raises ``NotFound`` alike for one that is not there."""
    return items_for(session, principal, [item_id])[0]


def items_for(session: Session, principal: Principal, item_ids: Sequence[str], *, lock: bool = True) -> list[Item]:
    """The items in the order they are named, each once, locked against changes by others unless ``lock`` is off."""
    wanted = list(dict.fromkeys(item_ids))
    query = select(Item).where(Item.id.in_(wanted)).order_by(Item.id)
    rows = session.scalars(query.with_for_update(key_share=True) if lock else query)
    found = {item.id: item for item in rows if may_know(principal, item)}
    if len(found) < len(wanted):
        raise NotFound("There is no such item among those that you may know of. Search for it, or ask the archivist.")
    return [found[each] for each in wanted]


def require(items: Sequence[Item], *states: ItemState) -> None:
    """Raises ``Conflict`` that names the items which are in none of these states."""
    if others := [f"{item.id} is {item.state}" for item in items if item.state not in states]:
        raise Conflict(f"This needs items in state {' or '.join(states)}; {'; '.join(others[:10])}.")
