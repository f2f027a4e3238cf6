"""Local accounts: passwords by Argon2id (RFC 9106, the library's defaults), bearer tokens and sessions by digest."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import take_turn
from services.kernel.errors import Conflict, InvalidInput, TooMany, Unauthenticated
from services.kernel.identity.delegations import capacities
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Credential, Person, PersonRole
from services.kernel.ledger import journal
from services.kernel.model import Role

TOKEN_PREFIX = "mnt_"  # noqa: S105 - lets a leaked token be recognised by scanners
SHORTEST_PASSWORD = 10
SIGN_INS_BEFORE_LOCK = 5
LOCK = timedelta(minutes=15)


def add_person(
    session: Session,
    name: str,
    role: Role,
    *,
    department: str | None = None,
    password: str | None = None,
    by: str | None = None,
) -> Person:
    """A new person with one role. Raises ``Conflict`` when the name is taken, ``InvalidInput`` for a weak password."""
    name = name.strip()
    if not 0 < len(name) <= 80:
        raise InvalidInput("A name has 1 to 80 characters.")
    take_turn(session, "people", name)
    if session.scalar(select(Person.id).where(Person.name == name)) is not None:
        raise Conflict(f"There is already someone named {name}. Choose another name, such as one with the department.")
    person = Person(name=name, department=department, password_hash=_hash(password) if password is not None else None)
    person.roles.append(PersonRole(role=role))
    session.add(person)
    session.flush()
    journal.append(session, "person.add", actor=by, person=person.id, role=role)
    return person


def issue_token(session: Session, person: Person, *, by: str | None = None) -> str:
    """A new bearer token; it is shown this once and kept as a digest."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(Credential(person_id=person.id, kind="token", digest=digest(token)))
    journal.append(session, "token.issue", actor=by, person=person.id)
    return token


def sign_in(database: Database, name: str, password: str, *, hours: float, request: str | None) -> tuple[Person, str] | None:
    """The person and a session secret; None for a wrong name or password. Raises ``TooMany`` while the account is locked.
    Each attempt is on the ledger. The password is tried before the transaction begins: that takes its time on purpose, and
    the catalogue has one writer."""
    with database.read() as session:
        known = _by_name(session, name)
    right = _matches(known.password_hash if known is not None else None, password)
    with database.write() as session:
        person = _by_name(session, name, alone=True)
        locked = person is not None and person.locked_until is not None and person.locked_until > now()
        if person is not None and person.active and right and not locked:
            return person, _open_session(session, person, hours, request)
        _note_refusal(session, person, request, counts=not locked)
    if locked:
        raise TooMany("Too many wrong passwords. Wait a quarter of an hour, or ask the administrator.")
    return None


def sign_out(session: Session, secret: str, *, request: str | None) -> None:
    query = select(Credential).where(Credential.digest == digest(secret))
    credential = session.scalar(query.with_for_update(of=Credential, key_share=True))
    if credential is not None and credential.revoked_at is None:
        credential.revoked_at = now()
        journal.append(session, "session.close", actor=credential.person_id, request=request)


def principal_of(session: Session, secret: str, *, kind: str) -> Principal:
    """The person behind a token (``kind`` ``token``) or session cookie (``session``). Raises ``Unauthenticated``."""
    credential = session.scalar(select(Credential).where(Credential.digest == digest(secret), Credential.kind == kind))
    if (
        credential is None
        or credential.revoked_at is not None
        or (credential.expires_at is not None and credential.expires_at <= now())
        or not credential.person.active
    ):
        raise Unauthenticated("The token or session is not valid, or no longer. Sign in again or ask for a new token.")
    person = credential.person
    roles = frozenset(Role(held.role) for held in person.roles if held.until is None or held.until > now())
    own = Principal(person.id, person.name, roles, person.department, kind == "session", person.natural_id)
    return replace(own, delegated=frozenset(each.role for each in capacities(session, own) if each.giver_id))


def digest(secret: str) -> str:
    """Secrets here are 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _hash(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(f"A password has at least {SHORTEST_PASSWORD} characters. A sentence is easy to keep in mind.")
    return PasswordHasher().hash(password)


def _matches(hashed: str | None, password: str) -> bool:
    try:
        # An unknown name costs the same time as a known one.
        return PasswordHasher().verify(hashed or _decoy(), password) and hashed is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def _decoy() -> str:
    hasher = PasswordHasher()
    salt, tag = "c2FsdHNhbHRzYWx0c2FsdA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${tag}"


def _by_name(session: Session, name: str, *, alone: bool = False) -> Person | None:
    """``alone``: attempts on one account are counted one after the other."""
    query = select(Person).where(Person.name == name.strip()).options(undefer(Person.password_hash))
    return session.scalar(query.with_for_update(key_share=True) if alone else query)


def _open_session(session: Session, person: Person, hours: float, request: str | None) -> str:
    person.failed_sign_ins, person.locked_until = 0, None
    secret = secrets.token_urlsafe(32)
    expires = now() + timedelta(hours=hours)
    session.add(Credential(person_id=person.id, kind="session", digest=digest(secret), expires_at=expires))
    journal.append(session, "session.open", actor=person.id, request=request)
    return secret


def _note_refusal(session: Session, person: Person | None, request: str | None, *, counts: bool) -> None:
    if person is not None and counts:
        person.failed_sign_ins += 1
        if person.failed_sign_ins >= SIGN_INS_BEFORE_LOCK:
            person.failed_sign_ins, person.locked_until = 0, now() + LOCK
    journal.append(session, "session.refuse", actor=person.id if person else None, request=request, result="refused")
