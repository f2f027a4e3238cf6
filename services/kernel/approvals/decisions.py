"""Giving and counting signatures. Who may sign is policy's; that nobody signs twice or for themselves is ``duties``'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from services.kernel.approvals.standing import Seat, Signature, Standing, standing
from services.kernel.approvals.tables import Approval
from services.kernel.clock import now
from services.kernel.errors import Conflict, Forbidden
from services.kernel.identity import duties
from services.kernel.identity.delegations import Capacity, capacities
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.model import Role
from services.kernel.policy.model import Round


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be approved: the subject, the digest of its content, the rounds that policy asks for under version
    ``policy``, the departments that “requester” and “item” stand for, and the roles of any
    department that may stand in for whoever was asked and did not sign."""

    subject: Subject
    digest: str
    rounds: Sequence[Round]
    policy: int
    requester_department: str | None = None
    item_departments: frozenset[str] = frozenset()
    stand_ins: frozenset[Role] = frozenset()
    valid_for: timedelta | None = None


def standing_of(session: Session, matter: Matter, *, at: datetime | None = None) -> Standing:
    """How far the matter has come. Signatures under another digest, and expired ones, do not count; one that was valid when it
    was given stays so whatever becomes of the signer (hard case 10)."""
    moment = at or now()
    query = select(Approval).where(
        Approval.kind == matter.subject.kind, Approval.subject_id == matter.subject.id, Approval.digest == matter.digest
    )
    valid = [each for each in session.scalars(query) if each.expires_at is None or each.expires_at > moment]
    whose = duties.natural_ids(session, {each.person_id for each in valid})
    signed = [Signature(each.round, each.approver, whose[each.person_id], each.approves) for each in valid]
    return standing(matter.rounds, signed)


def decide(session: Session, actor: Principal, matter: Matter, *, approves: bool, reason: str) -> tuple[Approval, Standing]:
    """Signs for the first open seat that the actor may fill, in their own role or by delegation. Raises ``Conflict`` when
    nothing is open, ``Forbidden`` when no open seat is theirs, or when they may not sign here at all."""
    before = standing_of(session, matter)
    if not before.open:
        raise Conflict("This is decided already; there is nothing left to sign.")
    seat, capacity = _seat(session, actor, matter, before.seats)
    for_id = capacity.giver_id
    duties.assume(session, actor, Duty.APPROVE, matter.subject, for_id=for_id, again=_is_void(session, actor, matter, for_id))
    approval = Approval(
        kind=matter.subject.kind,
        subject_id=matter.subject.id,
        digest=matter.digest,
        round=seat.round,
        approver=seat.approver,
        role=capacity.role,
        person_id=actor.person_id,
        natural_id=actor.natural_id,
        for_id=for_id,
        approves=approves,
        reason=reason,
        policy=matter.policy,
        expires_at=now() + matter.valid_for if matter.valid_for is not None else None,
    )
    session.add(approval)
    session.flush()
    return approval, standing_of(session, matter)


def may_sign(session: Session, actor: Principal, matter: Matter) -> bool:
    """Whether an open seat waits for this person; a list of what waits for them is made of this."""
    seats = standing_of(session, matter).seats
    return any(_fits(seat, capacity, matter) for seat in seats for capacity in capacities(session, actor))


def _is_void(session: Session, actor: Principal, matter: Matter, for_id: str | None) -> bool:
    """Whether all that these two signed of the matter was signed under content that it no longer has: then they are asked
    anew, as everybody is (hard case 11)."""
    naturals = duties.natural_ids(session, [actor.person_id, *([for_id] if for_id else [])]).values()
    signer, acted_for = aliased(Person), aliased(Person)
    signed = (
        select(Approval.id)
        .join(signer, signer.id == Approval.person_id)
        .outerjoin(acted_for, acted_for.id == Approval.for_id)
        .where(
            Approval.kind == matter.subject.kind,
            Approval.subject_id == matter.subject.id,
            Approval.digest == matter.digest,
            or_(signer.natural_id.in_(naturals), acted_for.natural_id.in_(naturals)),
        )
    )
    return session.scalar(signed.limit(1)) is None


def _seat(session: Session, actor: Principal, matter: Matter, seats: Sequence[Seat]) -> tuple[Seat, Capacity]:
    for capacity in capacities(session, actor):
        for seat in seats:
            if _fits(seat, capacity, matter):
                return seat, capacity
    wanted = ", ".join(sorted({role for seat in seats for role in seat.rule.roles}))
    raise Forbidden(f"This waits for: {wanted} (of the department that policy names). Ask one of them, or for a delegation.")


def _fits(seat: Seat, capacity: Capacity, matter: Matter) -> bool:
    if capacity.role in matter.stand_ins:
        return True
    if capacity.role not in seat.rule.roles:
        return False
    match seat.rule.department:
        case "requester":
            return capacity.department == matter.requester_department
        case "item":
            return capacity.department in matter.item_departments
        case _:
            return True
