"""Signing in: name and password, then the second factor where there is one. Each attempt is on the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.errors import Unauthenticated
from services.kernel.identity import credentials, second_factor, tries
from services.kernel.identity.credentials import Whence
from services.kernel.identity.passwords import matches
from services.kernel.identity.people import is_service
from services.kernel.identity.tables import Credential, Person
from services.kernel.ledger import journal


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a session lasts, and how long without a request; from where and in which request it is opened."""

    hours: float
    idle_minutes: int | None = None
    request: str | None = None
    whence: Whence = field(default_factory=Whence)


@dataclass(frozen=True, slots=True)
class Opened:
    """``pending``: the secret only says that the password was right; a code must follow."""

    secret: str = field(repr=False)
    pending: bool = False


def sign_in(database: Database, vault: Vault, name: str, password: str, terms: Terms, *, code: str = "") -> Opened | None:
    """A session, or what waits for the code where none was sent; None for a wrong name, password or code. Raises ``TooMany``
    while the name is locked. The password is tried before the transaction begins: that takes its time on purpose, and the
    catalogue has one writer."""
    with database.read() as session:
        known = _by_name(session, name)
    right = matches(known.password_hash if known is not None else None, password)
    locked = None
    with database.write() as session:
        tried, person = tries.of(session, name), _by_name(session, name)
        if tries.is_locked(tried):
            locked = tried
        elif person is not None and right and person.active and not is_service(person):
            if not second_factor.in_force(session, person.id):
                tries.clear(session, tried)
                return _open(session, person, terms)
            if not code:  # the tries are kept until the code is right too
                return Opened(credentials.open_pending(session, person, terms.whence), pending=True)
            if second_factor.verify(session, vault, person.id, code, request=terms.request):
                tries.clear(session, tried)
                return _open(session, person, terms)
        if locked is None:
            tries.count(session, name, tried)
        _refused(session, person, terms)
    if locked is not None:
        raise tries.refusal(locked.locked_until)
    return None


def finish(database: Database, vault: Vault, pending: str, code: str, terms: Terms) -> Opened | None:
    """The session, after the code; None for a wrong one. Raises ``Unauthenticated`` where no password came before it, and
    ``TooMany`` while the name is locked."""
    locked = None
    with database.write() as session:
        query = select(Credential).where(Credential.digest == credentials.digest(pending), Credential.kind == "pending")
        waiting = session.scalar(query)
        if waiting is None or not credentials.is_live(waiting) or not waiting.person.active:
            raise Unauthenticated("Too long ago. Sign in with name and password again.")
        person = waiting.person
        tried = tries.of(session, person.name)
        if tries.is_locked(tried):
            locked = tried
        elif second_factor.verify(session, vault, person.id, code, request=terms.request):
            waiting.revoked_at = now()
            tries.clear(session, tried)
            return _open(session, person, terms)
        else:
            tries.count(session, person.name, tried)
        _refused(session, person, terms)
    if locked is not None:
        raise tries.refusal(locked.locked_until)
    return None


def _open(session: Session, person: Person, terms: Terms) -> Opened:
    secret = credentials.open_session(session, person, terms.whence, hours=terms.hours, idle_minutes=terms.idle_minutes)
    journal.append(session, "session.open", actor=person.id, request=terms.request)
    return Opened(secret)


def _refused(session: Session, person: Person | None, terms: Terms) -> None:
    actor = person.id if person else None
    journal.append(session, "session.refuse", actor=actor, request=terms.request, result="refused")


def _by_name(session: Session, name: str) -> Person | None:
    return session.scalar(select(Person).where(Person.name == name.strip()).options(undefer(Person.password_hash)))
