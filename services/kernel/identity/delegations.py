"""In which capacity somebody acts: in a role of their own, or in one that another has delegated to them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Delegation, PersonRole
from services.kernel.model import Role


@dataclass(frozen=True, slots=True)
class Capacity:
    """A role with the department that it is held in; ``giver_id`` is the person it is exercised for, None for oneself."""

    role: Role
    department: str | None
    giver_id: str | None = None


def capacities(session: Session, actor: Principal) -> list[Capacity]:
    """One's own roles first, then what is delegated now. A delegation ends when its giver no longer holds the role, and
    delegated roles cannot be delegated on."""
    moment = now()
    own = [Capacity(role, actor.department) for role in sorted(actor.roles)]
    still_held = (
        select(PersonRole.id)
        .where(
            PersonRole.person_id == Delegation.giver_id,
            PersonRole.role == Delegation.role,
            or_(PersonRole.until.is_(None), PersonRole.until > moment),
        )
        .exists()
    )
    live = select(Delegation).where(
        Delegation.taker_id == actor.person_id,
        Delegation.since <= moment,
        Delegation.until > moment,
        Delegation.revoked_at.is_(None),
        still_held,
    )
    rows = session.scalars(live.order_by(Delegation.id))
    return own + [Capacity(Role(each.role), each.giver.department, each.giver_id) for each in rows if each.giver.active]
