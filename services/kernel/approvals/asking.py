"""Who is asked to sign a matter now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.approvals import decisions
from services.kernel.approvals.decisions import Matter
from services.kernel.approvals.standing import Seat
from services.kernel.clock import now
from services.kernel.identity.tables import Delegation, Person


def asked_now(session: Session, matter: Matter, *, without: Collection[str]) -> list[str]:
    """The people who may fill an open seat, themselves or for another, without all accounts of the natural persons
    ``without``, whose own matter it is."""
    seats = decisions.standing_of(session, matter).seats
    holders = [person for seat in seats for person in _holders(session, seat, matter)]
    found = list(dict.fromkeys([*holders, *_deputies(session, holders)]))
    own = set(session.scalars(select(Person.id).where(Person.id.in_(found), Person.natural_id.in_(without))))
    return [person for person in found if person not in own]


def _holders(session: Session, seat: Seat, matter: Matter) -> list[str]:
    departments: Iterable[str] | None = None
    if seat.rule.department == "requester":
        departments = [matter.requester_department] if matter.requester_department else []
    elif seat.rule.department == "item":
        departments = matter.item_departments
    found = notices.holders(session, seat.rule.roles, departments=departments)
    return found + (notices.holders(session, matter.stand_ins) if matter.stand_ins else [])


def _deputies(session: Session, people: Sequence[str]) -> list[str]:
    """To whom these people have delegated something that is alive."""
    moment = now()
    query = select(Delegation.taker_id).where(
        Delegation.giver_id.in_(people),
        Delegation.since <= moment,
        Delegation.until > moment,
        Delegation.revoked_at.is_(None),
    )
    return list(session.scalars(query))
