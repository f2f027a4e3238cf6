"""Separation of duties (rules.md section 3), by natural person, in one table and one function.

What somebody has done stays with the natural person: a changed role, a second account, a delegation or a service account makes
no other person of them. Who acts for another binds both. Whose an account is, is asked anew each time, so that what was done in
two accounts counts as one person's from the moment that they are known to be (``people.join``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations

from sqlalchemy import ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.dialects import take_turn
from services.kernel.errors import Forbidden
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person, PersonRole
from services.kernel.ids import new_id
from services.kernel.model import Role


class Duty(StrEnum):
    """A part that somebody plays in the history of one thing."""

    SCAN = "scan"
    CHECK = "check"
    SIGN_OFF = "sign_off"
    REQUEST = "request"
    PROPOSE = "propose"
    APPROVE = "approve"
    EXECUTE = "execute"
    WITNESS = "witness"
    PLACE_HOLD = "place_hold"
    RELEASE_HOLD = "release_hold"
    EDIT_POLICY = "edit_policy"
    APPROVE_POLICY = "approve_policy"
    HAND_OVER = "hand_over"
    TAKE_OVER = "take_over"


_D = Duty
APART: tuple[frozenset[Duty], ...] = (
    frozenset({_D.SCAN, _D.CHECK, _D.SIGN_OFF}),
    frozenset({_D.REQUEST, _D.APPROVE}),
    frozenset({_D.PROPOSE, _D.APPROVE, _D.EXECUTE, _D.WITNESS}),
    frozenset({_D.PLACE_HOLD, _D.RELEASE_HOLD}),
    frozenset({_D.EDIT_POLICY, _D.APPROVE_POLICY}),
    frozenset({_D.HAND_OVER, _D.TAKE_OVER}),
)
"""Within a set no natural person plays two parts about the same thing."""

ONCE = frozenset({_D.APPROVE, _D.WITNESS})
"""Parts that several people play about one thing, each of them once."""

BARRED: Mapping[Role, frozenset[Duty]] = {
    Role.ADMIN: frozenset({_D.APPROVE, _D.WITNESS, _D.APPROVE_POLICY, _D.SIGN_OFF}),
    Role.AUDITOR: frozenset(Duty),
}
"""三员分立: who holds the role, or held it since the thing began, does not play these parts."""

APART_ROLES: frozenset[frozenset[Role]] = frozenset(
    {
        *(frozenset({Role.ADMIN, other}) for other in (Role.WITNESS, Role.AUDITOR, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER)),
        *(frozenset({Role.AUDITOR, other}) for other in Role if other is not Role.AUDITOR),
    }
)
"""Roles that no natural person holds at once: the administrator is neither approver, witness nor auditor, and an auditor has no
other role, for all of them write."""


PROGRAMS = frozenset({Role.SERVICE, Role.MONITOR})
"""Roles of service accounts: never a person's in a duty."""


class DutyDone(Base):
    """Somebody played a part about something. Rows are never changed."""

    __tablename__ = "duties_done"
    __table_args__ = (Index("ix_duties_done_subject", "kind", "subject_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(36))
    duty: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    natural_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the part is played about; ``since``: when it began, from which on roles count that bar somebody."""

    kind: str
    id: str
    since: datetime


def assume(
    session: Session, actor: Principal, duty: Duty, subject: Subject, *, for_id: str | None = None, again: bool = False
) -> None:
    """Lets ``actor`` (acting for the person ``for_id``, if any) play this part about ``subject``, and remembers it. Raises
    ``Forbidden`` with the code ``separation-of-duties`` where somebody of the two already played one that must be another's.
    ``again``: what they did in this very part is void, such as a signature under what was changed since."""
    take_turn(session, "duties", subject.kind, subject.id)
    _refuse_programs(actor, duty)
    people = [actor.person_id, *([for_id] if for_id else [])]
    naturals = natural_ids(session, people)
    _refuse_played(session, set(naturals.values()), duty, subject, again=again)
    _refuse_barred(session, set(naturals.values()), duty, subject)
    for person_id, natural_id in naturals.items():
        note(session, duty, subject, person_id, natural_id)


def note(session: Session, duty: Duty, subject: Subject, person_id: str, natural_id: str | None = None) -> None:
    """Remembers a part that was played before anyone could ask, such as that of the clerk who scanned."""
    natural = natural_id or natural_ids(session, [person_id])[person_id]
    session.add(DutyDone(kind=subject.kind, subject_id=subject.id, duty=duty, person_id=person_id, natural_id=natural))
    session.flush()


def played(session: Session, subject: Subject, duty: Duty) -> frozenset[str]:
    """The natural persons who played a part about something."""
    query = (
        select(Person.natural_id)
        .join(DutyDone, DutyDone.person_id == Person.id)
        .where(DutyDone.kind == subject.kind, DutyDone.subject_id == subject.id, DutyDone.duty == duty)
    )
    return frozenset(session.scalars(query))


def breaches(session: Session, natural_id: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Where a natural person has played parts that must be several people's: kind and id of the thing, and the parts. There is
    something to find where accounts turned out to be one person's afterwards."""
    query = (
        select(DutyDone.kind, DutyDone.subject_id, DutyDone.duty)
        .join(Person, Person.id == DutyDone.person_id)
        .where(Person.natural_id == natural_id)
        .order_by(DutyDone.kind, DutyDone.subject_id, DutyDone.duty)
    )
    done: dict[tuple[str, str], list[Duty]] = {}
    for kind, subject_id, duty in session.execute(query):
        done.setdefault((kind, subject_id), []).append(Duty(duty))
    return [
        (kind, subject_id, tuple(parts))
        for (kind, subject_id), parts in done.items()
        if any(clash(one, other) for one, other in combinations(parts, 2))
    ]


def natural_ids(session: Session, people: Collection[str]) -> dict[str, str]:
    rows = session.execute(select(Person.id, Person.natural_id).where(Person.id.in_(people)))
    return {row.id: row.natural_id for row in rows}


def clash(duty: Duty, other: Duty) -> bool:
    """Whether one natural person may not play both about the same thing."""
    return (duty is other and duty in ONCE) or any({duty, other} <= apart and duty is not other for apart in APART)


def clashing_roles(roles: Collection[Role]) -> tuple[Role, Role] | None:
    """The first two roles that no natural person holds at once, or None."""
    return next((pair for pair in combinations(sorted(set(roles)), 2) if frozenset(pair) in APART_ROLES), None)


def _refuse_programs(actor: Principal, duty: Duty) -> None:
    """A service account is answered for by a natural person, and yet is none: it delivers, and signs nothing."""
    if actor.roles & PROGRAMS and duty is not Duty.SCAN:
        raise Forbidden(
            f"A service account cannot play the part “{duty}”. It takes a person, signed in as themselves.",
            code="separation-of-duties",
        )


def _refuse_played(session: Session, naturals: set[str], duty: Duty, subject: Subject, *, again: bool) -> None:
    before = session.scalars(
        select(DutyDone.duty)
        .join(Person, Person.id == DutyDone.person_id)
        .where(DutyDone.kind == subject.kind, DutyDone.subject_id == subject.id, Person.natural_id.in_(naturals))
    )
    for other in sorted(set(before)):
        if clash(duty, Duty(other)) and not (again and duty is Duty(other)):
            raise Forbidden(
                f"Whoever played the part “{other}” here cannot play “{duty}” too, in no role and for nobody else. "
                "Ask another person.",
                code="separation-of-duties",
            )


def _refuse_barred(session: Session, naturals: set[str], duty: Duty, subject: Subject) -> None:
    barring = [role for role, duties in BARRED.items() if duty in duties]
    held = (
        select(PersonRole.role)
        .join(Person, Person.id == PersonRole.person_id)
        .where(
            Person.natural_id.in_(naturals),
            PersonRole.role.in_(barring),
            or_(PersonRole.until.is_(None), PersonRole.until > subject.since),
        )
    )
    if role := session.scalar(held.limit(1)):
        raise Forbidden(
            f"Whoever holds the role “{role}”, or held it since this began, cannot play the part “{duty}”. Ask another person.",
            code="separation-of-duties",
        )
