"""May this person open this item, now, and on what ground? The only place that answers; content goes out on no other word.

An item that is still being taken in and filed is open to those whose work that is. Once it is archived, only a grant opens it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.dialects import TO_SHOW
from services.kernel.errors import Forbidden
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
    """Why content is open: by ``duty``, or by the grant whose id is given, taken under that version of policy; ``unused``:
    whether it was never used before; ``unmasked``: whether it opens personal data too."""

    grant_id: str | None = None
    policy: int | None = None
    unused: bool = False
    unmasked: bool = True

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
            opened = Ground(grant.id, grant.policy, unused=grant.first_used_at is None, unmasked=grant.unmasked)
            found.setdefault(grant.item_id, opened)
    return found


def unmasked(session: Session, principal: Principal, items: Collection[Item]) -> frozenset[str]:
    """The ids of those whose personal data is open too."""
    return frozenset(item_id for item_id, found in grounds(session, principal, items).items() if found.unmasked)


def use(session: Session, found: Ground) -> None:
    """Keeps the grant from ending until this transaction ends, and notes its first use: whatever is shown stands on the ledger
    before the grant's end does. Raises ``Forbidden`` where it has ended meanwhile."""
    if found.grant_id is None:
        return
    first = update(Grant).where(Grant.id == found.grant_id, Grant.first_used_at.is_(None)).values(first_used_at=now())
    if found.unused:
        session.execute(first)
    grant = session.get_one(Grant, found.grant_id, with_for_update=TO_SHOW, populate_existing=True)
    if not _is_live(grant):
        raise needs_grant()


def stands(session: Session, principal: Principal, item: Item, found: Ground) -> bool:
    """Whether the ground on which something was opened still stands at this moment."""
    if item.state in CLOSED or item.restricted:
        return False
    if found.grant_id is None:
        return _by_duty(principal, item)
    grant = session.get(Grant, found.grant_id)
    return grant is not None and _is_live(grant)


def needs_grant() -> Forbidden:
    return Forbidden(
        "The content of this item is open to you by a grant only. Ask for one under /api/v1/access-requests.",
        code="needs-grant",
    )


def copying(session: Session, maker: Principal, item: Item, grant_id: str) -> Ground | None:
    """The ground on which ``maker``, who makes copies for others, may take a copy of ``item`` for the person of a grant."""
    if item.state in CLOSED or item.restricted or not maker.may(Right.LEND):
        return None
    moment = now()
    query = (
        select(Grant)
        .join(GrantItem, GrantItem.grant_id == Grant.id)
        .where(Grant.id == grant_id, Grant.kind == "copy", GrantItem.item_id == item.id)
        .where(Grant.revoked_at.is_(None), Grant.since <= moment, Grant.until > moment)
    )
    grant = session.scalar(query)
    if grant is None:
        return None
    return Ground(grant.id, grant.policy, unused=grant.first_used_at is None, unmasked=grant.unmasked)


def granted_items(session: Session, principal: Principal) -> frozenset[str]:
    """The ids of all items that a grant opens to this person now (whatever their state)."""
    return frozenset(row.item_id for row in session.execute(_live(principal)))


def _is_live(grant: Grant) -> bool:
    return grant.revoked_at is None and grant.since <= now() < grant.until


def _by_duty(principal: Principal, item: Item) -> bool:
    if item.state not in IN_WORK or not principal.may(Right.CONTENT):
        return False
    return item.owner_id == principal.person_id or bool(principal.roles & CONTENT_OF_ALL)


def _live(principal: Principal) -> Select[str, int, datetime | None, bool, str]:
    """Those that open more come first, then those that live longer."""
    moment = now()
    return (
        select(Grant.id, Grant.policy, Grant.first_used_at, Grant.unmasked, GrantItem.item_id)
        .join(GrantItem, GrantItem.grant_id == Grant.id)
        .where(
            Grant.person_id == principal.person_id,
            Grant.kind != "consult",
            Grant.revoked_at.is_(None),
            Grant.since <= moment,
            Grant.until > moment,
        )
        .order_by(Grant.unmasked.desc(), Grant.until.desc())
    )
