"""The general manager's copy (复印一份交总经理, I一): made when an item is archived, under policy's standing authorisation, and
tracked like any other copy, so that a destruction reaches it too."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.copies import TrackedCopy
from services.kernel.identity.rights import Principal
from services.kernel.model import Role
from services.kernel.policy.versions import InForce
from services.kernel.tables import Item

GROUND = "policy"


def make(session: Session, actor: Principal, item: Item, held: InForce) -> TrackedCopy | None:
    """Enters the copy of an item whose type policy names, and tells its holder; None where it names none, or nobody leads."""
    if item.type not in held.policy.filing.leader_copy:
        return None
    leader = next(iter(notices.holders(session, [Role.COMPANY_LEADER])), None)
    if leader is None:
        return None
    last = session.scalar(select(func.max(TrackedCopy.number)).where(TrackedCopy.item_id == item.id)) or 0
    copy = TrackedCopy(
        item_id=item.id,
        number=last + 1,
        form="paper",
        holder_id=leader,
        made_by=actor.person_id,
        ground=f"{GROUND}:{held.number}",
    )
    session.add(copy)
    notices.notify(session, [leader], "filing.leader-copy", "item", item.id)
    return copy
