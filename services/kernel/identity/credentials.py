"""Tokens and sessions: given out once, kept by digest, named, noted when used, revoked."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import NotFound, Unauthenticated
from services.kernel.identity.delegations import capacities
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Credential, Person
from services.kernel.ledger import journal
from services.kernel.model import Role

BY_PROVIDER = "oidc"
"""Name of a session that a sign-in provider vouched for: a second factor is then the provider's."""
TOKEN_PREFIX = "mnt_"  # noqa: S105 - lets a leaked token be recognised by scanners
NOTED = timedelta(minutes=5)
"""Uses are noted so often, first when a credential is so old: a note is a write, and every request is a use."""
PENDING = timedelta(minutes=5)
"""So long somebody may look for their telephone between password and code."""


@dataclass(frozen=True, slots=True)
class Whence:
    """Where somebody signs in from, for their own list of sessions. It never reaches the ledger or a log."""

    address: str | None = None
    agent: str | None = None


def issue_token(
    session: Session, person: Person, *, by: str | None = None, name: str | None = None, days: int | None = None
) -> str:
    """A new bearer token, which ends after ``days`` (None: never); it is shown this once and kept as a digest."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    expires = now() + timedelta(days=days) if days is not None else None
    row = Credential(person_id=person.id, kind="token", digest=digest(token), name=name, expires_at=expires)
    session.add(row)
    session.flush()
    journal.append(session, "token.issue", actor=by, person=person.id, credential=row.id)
    return token


def open_session(
    session: Session, person: Person, whence: Whence, *, hours: float, idle_minutes: int | None, name: str | None = None
) -> str:
    """A secret for a session's cookie. Who opens it writes the ledger."""
    return _open(session, person, whence, "session", timedelta(hours=hours), idle_minutes, name)


def open_pending(session: Session, person: Person, whence: Whence) -> str:
    """A secret that says: the password was right, the code is awaited."""
    return _open(session, person, whence, "pending", PENDING, None)


def principal_of(session: Session, secret: str, *, kind: str) -> Principal:
    """The person behind a token (``kind`` ``token``) or session cookie (``session``). Raises ``Unauthenticated``."""
    credential = session.scalar(select(Credential).where(Credential.digest == digest(secret), Credential.kind == kind))
    if credential is None or not is_live(credential) or not credential.person.active:
        raise Unauthenticated("The token or session is not valid, or no longer. Sign in again or ask for a new token.")
    person = credential.person
    roles = frozenset(Role(held.role) for held in person.roles if held.until is None or held.until > now())
    own = Principal(person.id, person.name, roles, person.department, kind == "session", person.natural_id)
    delegated = frozenset(each.role for each in capacities(session, own) if each.giver_id)
    due = (credential.used_at or credential.created_at) < now() - NOTED
    return replace(
        own, delegated=delegated, credential_id=credential.id, unnoted=due, by_provider=credential.name == BY_PROVIDER
    )


def is_live(credential: Credential) -> bool:
    moment = now()
    if credential.revoked_at is not None or (credential.expires_at is not None and credential.expires_at <= moment):
        return False
    if credential.idle_minutes is None:
        return True
    idle = timedelta(minutes=credential.idle_minutes) + NOTED
    return (credential.used_at or credential.created_at) + idle > moment


def note_use(session: Session, credential_id: str) -> None:
    stale = or_(Credential.used_at.is_(None), Credential.used_at < now() - NOTED)
    session.execute(update(Credential).where(Credential.id == credential_id, stale).values(used_at=now()))


def sign_out(session: Session, secret: str, *, request: str | None) -> None:
    query = select(Credential).where(Credential.digest == digest(secret))
    credential = session.scalar(query.with_for_update(of=Credential, key_share=True))
    if credential is not None and credential.revoked_at is None:
        credential.revoked_at = now()
        journal.append(session, "session.close", actor=credential.person_id, request=request)


def of(session: Session, person_id: str, *, after: str | None, limit: int) -> list[Credential]:
    """Tokens and sessions that still open something, newest first."""
    moment = now()
    query = (
        select(Credential)
        .where(Credential.person_id == person_id, Credential.kind != "pending", Credential.revoked_at.is_(None))
        .where(or_(Credential.expires_at.is_(None), Credential.expires_at > moment))
        .order_by(Credential.id.desc())
        .limit(limit)
    )
    rows = session.scalars(query if after is None else query.where(Credential.id < after))
    return [row for row in rows if is_live(row)]


def revoke(session: Session, person_id: str, credential_id: str, *, by: str | None, request: str | None) -> None:
    """Ends one. Raises ``NotFound`` where the person has none of this id that still opens something."""
    query = select(Credential).where(Credential.id == credential_id, Credential.person_id == person_id)
    row = session.scalar(query.with_for_update(of=Credential, **TO_CHANGE))
    if row is None or not is_live(row):
        raise NotFound("There is no such session or token. List them to find the id.")
    row.revoked_at = now()
    journal.append(session, f"{row.kind}.revoke", actor=by, request=request, person=person_id, credential=row.id)


def revoke_all(
    session: Session,
    person_id: str,
    *,
    by: str | None,
    request: str | None,
    kind: str | None = None,
    name: str | None = None,
    but: str | None = None,
) -> int:
    """Ends all of a person, or all of a kind or a name, except ``but``; one entry tells how many."""
    query = update(Credential).where(Credential.person_id == person_id, Credential.revoked_at.is_(None))
    query = query if kind is None else query.where(Credential.kind == kind)
    query = query if name is None else query.where(Credential.name == name)
    query = query if but is None else query.where(Credential.id != but)
    ended = session.execute(query.values(revoked_at=now())).rowcount  # type: ignore[attr-defined]
    if ended:
        journal.append(session, "credentials.revoke", actor=by, request=request, person=person_id, count=ended)
    return int(ended)


def digest(secret: str) -> str:
    """Secrets here are 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _open(
    session: Session, person: Person, whence: Whence, kind: str, lasts: timedelta, idle: int | None, name: str | None = None
) -> str:
    secret = secrets.token_urlsafe(32)
    row = Credential(person_id=person.id, kind=kind, digest=digest(secret), expires_at=now() + lasts, idle_minutes=idle)
    row.name, row.address, row.agent = name, whence.address, (whence.agent or "")[:200] or None
    session.add(row)
    session.flush()
    return secret
