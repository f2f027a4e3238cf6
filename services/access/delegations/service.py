"""Giving and taking back delegations. What they mean is the kernel's (``identity.delegations``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.identity import duties, people
from services.kernel.identity.rights import DELEGABLE, ROLE_RIGHTS, Principal
from services.kernel.identity.tables import Delegation, Person, PersonRole
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import versions


def give(
    session: Session, actor: Principal, taker_id: str, role: Role, until: datetime, reason: str, *, request: str | None
) -> Delegation:
    """Lends a role of one's own, for what can be lent of it. Raises ``Forbidden`` for a role that one does not hold oneself,
    and for somebody who may not hold it beside their own."""
    if role not in actor.roles:
        raise Forbidden("Only a role of one's own is delegated; what was delegated to you is not yours to pass on.")
    if not ROLE_RIGHTS[role] & DELEGABLE:
        raise InvalidInput(f"Nothing of the role “{role}” can be delegated: it decides on nothing.")
    most = versions.current(session).policy.access.delegation_days
    if not now() < until <= now() + timedelta(days=most):
        raise InvalidInput(f"A delegation ends in the future, within {most} days. Choose a nearer day.")
    taker = session.get(Person, taker_id)
    if taker is None or not taker.active:
        raise NotFound("There is no such person. List whom you can delegate to.")
    _require_another(session, actor, taker, role)
    delegation = Delegation(giver_id=actor.person_id, taker_id=taker.id, role=role, reason=reason, until=until)
    session.add(delegation)
    session.flush()
    notices.notify(session, [taker.id], "delegation.given", "delegation", delegation.id, role=role)
    told = {"delegation": delegation.id, "to": taker.id, "role": role, "until": until.isoformat()}
    journal.append(session, "delegation.give", actor=actor.person_id, request=request, **told)
    return delegation


def revoke(session: Session, actor: Principal, delegation_id: str, *, request: str | None) -> Delegation:
    """Ends a delegation now; its giver takes it back, or its taker gives it back."""
    found = session.get(Delegation, delegation_id, with_for_update={"of": Delegation} | TO_CHANGE)
    if found is None or actor.person_id not in (found.giver_id, found.taker_id):
        raise NotFound("There is no such delegation of yours. List your delegations to find it.")
    if found.revoked_at is not None or found.until <= now():
        raise Conflict("This delegation has ended already.")
    found.revoked_at = now()
    other = found.taker_id if actor.person_id == found.giver_id else found.giver_id
    notices.notify(session, [other], "delegation.ended", "delegation", found.id, role=found.role)
    journal.append(session, "delegation.revoke", actor=actor.person_id, request=request, delegation=found.id)
    return found


def of(session: Session, person_id: str, *, after: str | None, limit: int) -> list[Delegation]:
    """Given or taken, newest first."""
    mine = or_(Delegation.giver_id == person_id, Delegation.taker_id == person_id)
    query = select(Delegation).where(mine).order_by(Delegation.id.desc()).limit(limit)
    return list(session.scalars(query if after is None else query.where(Delegation.id < after)))


def takers(session: Session, actor: Principal) -> list[Person]:
    """To whom one could delegate one of one's roles."""
    found = session.scalars(select(Person).where(Person.active, Person.natural_id != actor.natural_id).order_by(Person.name))
    lent = [role for role in actor.roles if ROLE_RIGHTS[role] & DELEGABLE]
    return [
        each for each in found if not people.is_service(each) and any(not _clash(_roles(session, each), role) for role in lent)
    ]


def shown(session: Session, found: Delegation) -> dict[str, Any]:
    ended = found.revoked_at is not None or found.until <= now()
    return {
        "id": found.id,
        "giver": _name(session, found.giver_id),
        "taker": _name(session, found.taker_id),
        "role": found.role,
        "reason": found.reason,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "revoked_at": found.revoked_at.isoformat() if found.revoked_at else None,
        "live": not ended,
    }


def _require_another(session: Session, actor: Principal, taker: Person, role: Role) -> None:
    if taker.natural_id == actor.natural_id:
        raise Forbidden(
            "A delegation is to another person, not to an account of one's own. Choose another.", code="separation-of-duties"
        )
    if people.is_service(taker):
        raise Forbidden("A service account decides nothing. Ask for a person.", code="separation-of-duties")
    if pair := _clash(_roles(session, taker), role):
        raise Forbidden(
            f"“{pair[0]}” and “{pair[1]}” are never one person's, not by delegation either. Choose another person.",
            code="separation-of-duties",
        )


def _clash(roles: frozenset[Role], role: Role) -> tuple[Role, Role] | None:
    return duties.clashing_roles(roles | {role})


def _roles(session: Session, person: Person) -> frozenset[Role]:
    """All that the natural person holds now, in any account."""
    query = (
        select(PersonRole.role)
        .join(Person, Person.id == PersonRole.person_id)
        .where(Person.natural_id == person.natural_id, or_(PersonRole.until.is_(None), PersonRole.until > now()))
    )
    return frozenset(Role(role) for role in session.scalars(query))


def _name(session: Session, person_id: str) -> dict[str, str]:
    return {"id": person_id, "name": session.get_one(Person, person_id).name}
