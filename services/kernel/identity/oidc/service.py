"""Who goes to the provider, and who comes back. An attempt is a row that is used once, bound to the browser that began it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, NotFound, Unauthenticated
from services.kernel.identity import credentials, people
from services.kernel.identity.oidc.provider import Asked, Provider
from services.kernel.identity.oidc.tables import OutsideLogin, SignInAttempt
from services.kernel.identity.rights import Principal
from services.kernel.identity.signing_in import Opened, Terms
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal

LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Back:
    """Somebody who came back: ``opened`` where an account is tied to them, and where they wanted to go. ``stranger`` is the
    name that the provider has for somebody to whom none is tied, for them to tell the administrator."""

    next: str
    opened: Opened | None = None
    stranger: str | None = None


def begin(database: Database, provider: Provider, next: str) -> tuple[str, str]:
    """The provider's address, and the secret that the browser keeps until it comes back."""
    asked = Asked(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
    address = provider.address(asked)
    with database.write() as session:
        session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < now()))
        session.add(
            SignInAttempt(
                state_digest=credentials.digest(asked.state),
                nonce=asked.nonce,
                verifier=asked.verifier,
                next=next,
                expires_at=now() + LASTS,
            )
        )
    return address, asked.state


def finish(database: Database, provider: Provider, state: str, kept: str, code: str, terms: Terms) -> Back:
    """Opens a session for whoever the provider says it is. ``kept`` is the browser's secret, ``state`` what came back. Raises
    ``Unauthenticated`` for an attempt that was not begun here, is over, or was used. Each is on the ledger."""
    attempt = _use(database, state, kept, terms)
    who = provider.subject(code, Asked(state, attempt.nonce, attempt.verifier))
    with database.write() as session:
        known = OutsideLogin.issuer == provider.issuer, OutsideLogin.subject == who.subject
        login = session.scalar(select(OutsideLogin).where(*known))
        person = session.get(Person, login.person_id) if login is not None else None
        if person is None or not person.active or people.is_service(person):
            actor = person.id if person else None
            journal.append(session, "session.refuse", actor=actor, request=terms.request, result="refused", by="oidc")
            return Back(attempt.next, stranger=who.subject if person is None else None)
        if login is not None and login.sub != who.sub:
            login.sub = who.sub
        secret = credentials.open_session(
            session, person, terms.whence, hours=terms.hours, idle_minutes=terms.idle_minutes, name=credentials.BY_PROVIDER
        )
        journal.append(session, "session.open", actor=person.id, request=terms.request, by="oidc")
        return Back(attempt.next, opened=Opened(secret))


def left(session: Session, provider: Provider, sub: str, *, request: str | None) -> int:
    """Somebody has signed out at the provider, or was signed out there: the sessions that it opened here end. How many."""
    known = OutsideLogin.issuer == provider.issuer, OutsideLogin.sub == sub
    return sum(
        credentials.revoke_all(session, person_id, by=None, request=request, kind="session", name=credentials.BY_PROVIDER)
        for person_id in session.scalars(select(OutsideLogin.person_id).where(*known)).all()
    )


def tie(session: Session, issuer: str, person_id: str, subject: str, *, by: Principal, request: str | None) -> OutsideLogin:
    """Lets an identity of the provider open an account, by an administrator's word; nobody ties one to their own account.
    Raises ``Conflict`` where it opens one already."""
    person = people.found(session, person_id)
    people.refuse_self(person, by, "Another administrator ties an identity to your account.")
    known = session.scalar(select(OutsideLogin).where(OutsideLogin.issuer == issuer, OutsideLogin.subject == subject))
    if known is not None:
        raise Conflict("This identity opens an account already. Untie it there first.")
    row = OutsideLogin(issuer=issuer, subject=subject, person_id=person.id)
    session.add(row)
    session.flush()
    journal.append(session, "login.tie", actor=by.person_id, request=request, person=person.id, login=row.id)
    return row


def untie(session: Session, person_id: str, login_id: str, *, by: Principal, request: str | None) -> None:
    """Sessions that it opened end."""
    row = session.get(OutsideLogin, login_id, with_for_update=TO_CHANGE)
    if row is None or row.person_id != person_id:
        raise NotFound("There is no such identity of this person. Look at the person to find the id.")
    session.delete(row)
    credentials.revoke_all(session, person_id, by=by.person_id, request=request, kind="session")
    journal.append(session, "login.untie", actor=by.person_id, request=request, person=person_id, login=login_id)


def of(session: Session, person_id: str) -> list[OutsideLogin]:
    return list(session.scalars(select(OutsideLogin).where(OutsideLogin.person_id == person_id).order_by(OutsideLogin.id)))


def _use(database: Database, state: str, kept: str, terms: Terms) -> SignInAttempt:
    with database.write() as session:
        row = session.get(SignInAttempt, credentials.digest(state), with_for_update=TO_CHANGE)
        if row is not None:
            session.delete(row)
        if row is not None and row.expires_at > now() and secrets.compare_digest(state.encode(), kept.encode()):
            return row
        journal.append(session, "session.refuse", actor=None, request=terms.request, result="refused", by="oidc")
    raise Unauthenticated("This sign-in was not begun here, or too long ago. Sign in again.")
