"""May this person open this item, now, and on what ground? The only place that answers; content goes out on no other word.

An item that is still being taken in and filed is open to those whose work that is. Once it is archived, only a grant opens it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.identity.rights import CONTENT_OF_ALL, Principal, Right
from services.kernel.model import ItemState
from services.kernel.tables import Item

IN_WORK = frozenset(
    {
        ItemState.RECEIVED,
        ItemState.SCANNED,
        ItemState.QC_PASSED,
        ItemState.QC_FAILED,
        ItemState.CATALOGUED,
        ItemState.PENDING_SIGNOFF,
    }
)
CLOSED = frozenset({ItemState.DESTROYING, ItemState.DESTROYED, ItemState.TRANSFERRED})


@dataclass(frozen=True, slots=True)
class Ground:
    """Why content is open: by ``duty``, or by the grant whose id is given, taken under that version of policy."""

    grant_id: str | None = None
    policy: int | None = None

    @property
    def details(self) -> dict[str, Any]:
        """What the ledger says of it."""
        return {"grant": self.grant_id, "policy": self.policy or 0} if self.grant_id else {"ground": "duty"}


DUTY = Ground()


def ground(session: Session, principal: Principal, item: Item) -> Ground | None:
    """The ground on which ``principal`` may open ``item`` at this moment, or None. A restricted item is open to nobody."""
    return grounds(session, principal, [item]).get(item.id)


def grounds(session: Session, principal: Principal, items: Collection[Item]) -> dict[str, Ground]:
    """The same for many; those that are closed are not in it."""
    openable = [item for item in items if item.state not in CLOSED and not item.restricted]
    found = {item.id: DUTY for item in openable if _by_duty(principal, item)}
    asked = [item.id for item in openable if item.id not in found]
    if asked and principal.may(Right.SEARCH):
        for grant in session.execute(_live(principal).where(GrantItem.item_id.in_(asked))):
            found.setdefault(grant.item_id, Ground(grant.id, grant.policy))
    return found


def granted_items(session: Session, principal: Principal) -> frozenset[str]:
    """The ids of all items that a grant opens to this person now (whatever their state)."""
    return frozenset(row.item_id for row in session.execute(_live(principal)))


def _by_duty(principal: Principal, item: Item) -> bool:
    if item.state not in IN_WORK or not principal.may(Right.CONTENT):
        return False
    return item.owner_id == principal.person_id or bool(principal.roles & CONTENT_OF_ALL)


def _live(principal: Principal) -> Select[str, int, str]:
    moment = now()
    return (
        select(Grant.id, Grant.policy, GrantItem.item_id)
        .join(GrantItem, GrantItem.grant_id == Grant.id)
        .where(
            Grant.person_id == principal.person_id,
            Grant.kind != "consult",
            Grant.revoked_at.is_(None),
            Grant.since <= moment,
            Grant.until > moment,
        )
        .order_by(Grant.until.desc())
    )
