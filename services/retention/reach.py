"""Which items somebody works on here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.errors import NotFound
from services.kernel.identity.rights import Principal, may_know
from services.kernel.tables import Item

MOST = 1_000
"""Items that one request names."""


def items_for(session: Session, principal: Principal, item_ids: Sequence[str]) -> list[Item]:
    """The items in the order of their ids, each once. Raises ``NotFound`` where one is not there, or not to be known of."""
    wanted = sorted(set(item_ids))
    found = list(session.scalars(select(Item).where(Item.id.in_(wanted)).order_by(Item.id)))
    if len(found) < len(wanted) or not all(may_know(principal, item) for item in found):
        raise NotFound("There is no such item among those that you may know of. Search for it, or ask the archivist.")
    return found
