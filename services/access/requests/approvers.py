"""Who is asked to sign a request now, and whom else it concerns."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from services.access.requests.matter import subject_of
from services.access.requests.tables import AccessRequest
from services.kernel import notices
from services.kernel.approvals import asking, decisions
from services.kernel.approvals.decisions import Matter
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person

SIGNED_OR_ASKED = (Duty.REQUEST, Duty.APPROVE)


def waits_for(session: Session, principal: Principal, request: AccessRequest, matter: Matter) -> bool:
    """Whether this person could sign now."""
    played = {each for duty in SIGNED_OR_ASKED for each in duties.played(session, subject_of(request), duty)}
    return principal.natural_id not in played and decisions.may_sign(session, principal, matter)


def ask_to_sign(session: Session, request: AccessRequest, matter: Matter) -> bool:
    """Tells those who are asked now; False where nobody but the requester could sign."""
    requester = session.get_one(Person, request.person_id).natural_id
    people = asking.asked_now(session, matter, without=[requester])
    notices.notify(session, people, "access.asked", "access", request.id, number=request.number)
    return bool(people)


def tell(session: Session, people: Iterable[str], key: str, request: AccessRequest) -> None:
    notices.notify(session, people, key, "access", request.id, number=request.number)
