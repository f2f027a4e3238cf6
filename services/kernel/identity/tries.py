"""Lockout, with a delay that doubles. Tries are counted by name, whether somebody bears it or not: a lock tells nothing of who
there is. A second factor's tries count with the password's."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.dialects import take_turn
from services.kernel.errors import TooMany
from services.kernel.identity.tables import SignInTries

FREE = 5
"""Tries in vain before the first lock."""
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=12)
FORGOTTEN = timedelta(days=1)


def of(session: Session, name: str) -> SignInTries | None:
    """What is counted for a name, held until this transaction ends: tries on one name are judged one after the other."""
    key = _digest(name)
    take_turn(session, "sign-in", key)
    return session.get(SignInTries, key, populate_existing=True)


def is_locked(tries: SignInTries | None) -> bool:
    return tries is not None and tries.locked_until is not None and tries.locked_until > now()


def count(session: Session, name: str, tries: SignInTries | None) -> None:
    """One more in vain."""
    if tries is None:
        _forget_old(session)
        tries = SignInTries(digest=_digest(name), failed=0)
        session.add(tries)
    elif tries.at < now() - FORGOTTEN:
        tries.failed = 0
    tries.failed, tries.at = tries.failed + 1, now()
    if tries.failed >= FREE:
        tries.locked_until = now() + min(FIRST_LOCK * 2 ** min(tries.failed - FREE, 16), LONGEST_LOCK)


def clear(session: Session, tries: SignInTries | None) -> None:
    if tries is not None:
        session.delete(tries)


def lift(session: Session, name: str) -> None:
    """An administrator's word that it was the right person after all."""
    clear(session, of(session, name))


def refusal(until: datetime | None) -> TooMany:
    minutes = 1 if until is None else max(1, round((until - now()).total_seconds() / 60))
    return TooMany(f"Too many wrong passwords or codes. Wait {minutes} min, or ask the administrator.")


def _forget_old(session: Session) -> None:
    over = or_(SignInTries.locked_until.is_(None), SignInTries.locked_until < now())
    session.execute(delete(SignInTries).where(SignInTries.at < now() - FORGOTTEN, over))


def _digest(name: str) -> str:
    return hashlib.sha256(name.strip().encode()).hexdigest()
