"""People: added, given roles over time, moved between departments, and gone. No row is deleted: duties look at the past."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE, insert_once, take_turn
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.identity import credentials, duties, tries
from services.kernel.identity.passwords import hashed, matches
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Delegation, Department, Person, PersonRole
from services.kernel.ledger import journal
from services.kernel.model import Role

Breach = tuple[str, str, tuple[str, ...]]
"""Kind and id of a thing about which one person played several parts that are kept apart, and the parts."""
SERVICES = duties.PROGRAMS
"""No person has such a role beside their own, and no program signs in."""


def add_person(
    session: Session,
    name: str,
    role: Role,
    *,
    department: str | None = None,
    password: str | None = None,
    natural_id: str | None = None,
    by: str | None = None,
) -> Person:
    """A new account with one role; ``natural_id`` is an account of the same natural person, or of whoever answers for a service
    account. Raises ``Conflict`` when the name is taken, ``InvalidInput`` for a weak password, ``Forbidden`` where one natural
    person would hold two roles that are kept apart."""
    name = name.strip()
    if not 0 < len(name) <= 80:
        raise InvalidInput("A name has 1 to 80 characters.")
    take_turn(session, "people", name)
    if session.scalar(select(Person.id).where(Person.name == name)) is not None:
        raise Conflict(f"There is already someone named {name}. Choose another name, such as one with the department.")
    kept = hashed(password, about=(name,)) if password is not None else None
    person = Person(name=name, department=department, password_hash=kept)
    if natural_id is not None:
        person.natural_id = found(session, natural_id).natural_id
        if role not in SERVICES:
            _refuse_clash(session, person.natural_id, role)
    if department is not None:
        insert_once(session, Department, name=department, created_at=now())
    person.roles.append(PersonRole(role=role))
    session.add(person)
    session.flush()
    journal.append(session, "person.add", actor=by, person=person.id, role=role)
    return person


def found(session: Session, person_id: str) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("There is no such person. List the people to find the id.")
    return person


def is_service(person: Person) -> bool:
    return any(role in SERVICES for role in roles_now(person))


def roles_now(person: Person) -> frozenset[Role]:
    return frozenset(Role(held.role) for held in person.roles if held.until is None or held.until > now())


def give_role(
    session: Session,
    person_id: str,
    role: Role,
    *,
    until: datetime | None = None,
    by: Principal | None = None,
    request: str | None,
) -> PersonRole:
    """Gives one more role, until a moment or for good. Raises ``Forbidden`` for oneself and where one natural person would hold
    two roles that are kept apart, in whatever accounts; ``Conflict`` where it is held already."""
    person = found(session, person_id)
    take_turn(session, "roles", person.natural_id)
    refuse_self(person, by, "Roles for oneself are given by another administrator.")
    session.refresh(person, ["roles"])
    held = roles_now(person)
    if role in held:
        raise Conflict(f"This person holds the role “{role}” already. End it first to change its time.")
    if until is not None and until <= now():
        raise InvalidInput("A role ends in the future. Choose a later time.")
    if held and (role in SERVICES) != bool(held & SERVICES):
        raise InvalidInput("A service account holds no person's role, and a person none of a service. Add another account.")
    if role not in SERVICES:
        _refuse_clash(session, person.natural_id, role)
    given = PersonRole(person_id=person.id, role=role, until=until)
    session.add(given)
    session.flush()
    actor = by.person_id if by else None
    ends = until.isoformat() if until else None
    journal.append(session, "role.give", actor=actor, request=request, person=person.id, role=role, until=ends)
    return given


def end_role(session: Session, person_id: str, role: Role, *, by: Principal | None = None, request: str | None) -> None:
    """Ends a role now; what was done in it stays done. Raises ``NotFound`` where it is not held, ``Conflict`` for the last
    administrator's."""
    person = found(session, person_id)
    take_turn(session, "roles", person.natural_id)
    refuse_self(person, by, "Roles of oneself are ended by another administrator.")
    live = or_(PersonRole.until.is_(None), PersonRole.until > now())
    query = select(PersonRole).where(PersonRole.person_id == person.id, PersonRole.role == role, live)
    rows = session.scalars(query.with_for_update(key_share=True)).all()
    if not rows:
        raise NotFound(f"This person does not hold the role “{role}”. Look at the person to see which they hold.")
    if role is Role.ADMIN:
        _keep_an_administrator(session, person)
    for row in rows:
        row.until = now()
    journal.append(session, "role.end", actor=by.person_id if by else None, request=request, person=person.id, role=role)


def move(session: Session, person_id: str, department: str | None, *, by: Principal | None = None, request: str | None) -> None:
    """To another department, or to none. Raises ``NotFound`` for a department that is none."""
    person = found(session, person_id)
    if department is not None and session.get(Department, department) is None:
        raise NotFound("There is no such department. Add it under /api/v1/departments first.")
    if person.department != department:
        person.department = department
        journal.append(session, "person.move", actor=by.person_id if by else None, request=request, person=person.id)


def join(session: Session, person_id: str, other_id: str, *, by: Principal | None = None, request: str | None) -> list[Breach]:
    """Two accounts turn out to be one natural person's: from now on their duties are one person's, what was done before
    included. Returns where that person has already played parts that are kept apart; auditors are told of it. There is no way
    back, for it would be a way round the duties. Raises ``Forbidden`` where the two hold roles that are never one person's,
    ``Conflict`` where they are joined already."""
    person, other = found(session, person_id), found(session, other_id)
    for natural_id in sorted({person.natural_id, other.natural_id}):
        take_turn(session, "roles", natural_id)
    session.refresh(person)
    session.refresh(other)
    for each in (person, other):
        refuse_self(each, by, "Accounts of one's own are joined by another administrator.")
        if is_service(each):
            raise InvalidInput("A service account is a program's. Who answers for it is said when it is added.")
    if person.natural_id == other.natural_id:
        raise Conflict("These accounts are one person's already.")
    for role in sorted(_held(session, other.natural_id)):
        _refuse_clash(session, person.natural_id, role)
    session.execute(update(Person).where(Person.natural_id == other.natural_id).values(natural_id=person.natural_id))
    _end_delegations_within(session, person.natural_id)
    found_out = duties.breaches(session, person.natural_id)
    if found_out:
        notices.notify(session, notices.holders(session, [Role.AUDITOR]), "person.joined", "person", person.id)
    breaches = [f"{kind} {subject}" for kind, subject, _ in found_out]
    actor = by.person_id if by else None
    journal.append(session, "person.join", actor=actor, request=request, person=person.id, account=other.id, breaches=breaches)
    return found_out


def deactivate(session: Session, person_id: str, *, by: Principal | None = None, request: str | None) -> None:
    """Who has gone: all sessions, tokens and delegations end in the same transaction. Signatures given stay."""
    person = found(session, person_id)
    refuse_self(person, by, "Nobody deactivates themselves. Ask another administrator.")
    if not person.active:
        raise Conflict("This account is not active.")
    if Role.ADMIN in roles_now(person):
        _keep_an_administrator(session, person)
    person.active = False
    actor = by.person_id if by else None
    credentials.revoke_all(session, person.id, by=actor, request=request)
    mine = or_(Delegation.giver_id == person.id, Delegation.taker_id == person.id)
    lasting = select(Delegation).where(mine, Delegation.revoked_at.is_(None), Delegation.until > now())
    for delegation in session.scalars(lasting.with_for_update(of=Delegation, **TO_CHANGE)):
        delegation.revoked_at = now()
    journal.append(session, "person.deactivate", actor=actor, request=request, person=person.id)


def activate(session: Session, person_id: str, *, by: Principal | None = None, request: str | None) -> None:
    """Whoever comes back gets new tokens and signs in anew; the roles are those not ended meanwhile."""
    person = found(session, person_id)
    refuse_self(person, by, "Nobody activates themselves. Ask another administrator.")
    if person.active:
        raise Conflict("This account is active.")
    for role in roles_now(person) - SERVICES:
        _refuse_clash(session, person.natural_id, role)
    person.active = True
    journal.append(session, "person.activate", actor=by.person_id if by else None, request=request, person=person.id)


def change_password(
    session: Session, person: Person, kept: str, *, by: str | None, but: str | None, request: str | None
) -> None:
    """Keeps the hash of a new password. All sessions but ``but`` end, for who knew the old one may be in one of them."""
    if is_service(person):
        raise InvalidInput("A service account has tokens, no password.")
    person.password_hash = kept
    credentials.revoke_all(session, person.id, by=by, request=request, kind="session", but=but)
    tries.lift(session, person.name)
    notices.notify(session, [person.id], "account.password", "account", person.id)
    journal.append(session, "password.change", actor=by, request=request, person=person.id)


def knows(person: Person, password: str) -> bool:
    """Whether it is the person's own. Who has none, for they sign in elsewhere, cannot prove anything by it."""
    return matches(person.password_hash, password)


def refuse_self(person: Person, by: Principal | None, words: str) -> None:
    if by is not None and by.natural_id == person.natural_id:
        raise Forbidden(words, code="separation-of-duties")


def _held(session: Session, natural_id: str) -> set[Role]:
    """The roles of all accounts of a natural person, and those that others have delegated to them; no program's."""
    live = or_(PersonRole.until.is_(None), PersonRole.until > now())
    same = Person.natural_id == natural_id, Person.active
    query = select(PersonRole.role).join(Person, Person.id == PersonRole.person_id).where(*same, live)
    lent = select(Delegation.role).join(Person, Person.id == Delegation.taker_id).where(*same, Delegation.revoked_at.is_(None))
    held = {Role(each) for each in (*session.scalars(query), *session.scalars(lent.where(Delegation.until > now())))}
    return held - SERVICES


def _end_delegations_within(session: Session, natural_id: str) -> None:
    """Nobody decides for themselves."""
    mine = select(Person.id).where(Person.natural_id == natural_id)
    within = select(Delegation).where(
        Delegation.giver_id.in_(mine), Delegation.taker_id.in_(mine), Delegation.revoked_at.is_(None)
    )
    for delegation in session.scalars(within.with_for_update(of=Delegation, **TO_CHANGE)):
        delegation.revoked_at = now()


def _refuse_clash(session: Session, natural_id: str, role: Role) -> None:
    held = _held(session, natural_id)
    if other := next((each for each in sorted(held) if frozenset({each, role}) in duties.APART_ROLES), None):
        raise Forbidden(
            f"“{other}” and “{role}” are never one natural person's, in whatever accounts. End the one first, or "
            "choose another person.",
            code="separation-of-duties",
        )


def _keep_an_administrator(session: Session, but: Person) -> None:
    take_turn(session, "administrators")
    live = or_(PersonRole.until.is_(None), PersonRole.until > now())
    query = select(Person.id).join(PersonRole, PersonRole.person_id == Person.id)
    others = query.where(PersonRole.role == Role.ADMIN, live, Person.active, Person.id != but.id)
    if session.scalar(others.limit(1)) is None:
        raise Conflict("This is the last administrator. Make another one first.")
