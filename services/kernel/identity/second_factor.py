"""The second factor: an authenticator (TOTP, RFC 6238: six digits, 30 s, SHA-1 as all authenticators know it), recovery codes.

A code is taken once: the time step it belongs to must be later than that of the last one taken.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b32encode
from hmac import compare_digest

from pyotp import TOTP, random_base32
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, InvalidInput
from services.kernel.identity.tables import Person, RecoveryCode, SecondFactor
from services.kernel.ledger import journal

CONTEXT = "second_factors.secret"
ISSUER = "Muniment"
SECONDS = 30
WINDOW = (-1, 0, 1)
"""Steps by which an authenticator's clock may be off."""
RECOVERY_CODES, RECOVERY_BYTES = 10, 15


def begin(session: Session, vault: Vault, person: Person) -> str:
    """The address of a new authenticator (``otpauth://``), which is in force once a code of it was shown. Raises ``Conflict``
    while another is in force."""
    row = session.get(SecondFactor, person.id, with_for_update=TO_CHANGE)
    if row is not None and row.confirmed_at is not None:
        raise Conflict("There is an authenticator already. Remove it first, with a code of it.")
    secret, key = random_base32(), vault.new_key(session)
    sealed = vault.seal_text(session, key.id, CONTEXT, secret)
    if row is None:
        session.add(SecondFactor(person_id=person.id, key_id=key.id, secret_sealed=sealed))
    else:
        row.key_id, row.secret_sealed, row.last_step = key.id, sealed, 0
    session.flush()
    return TOTP(secret).provisioning_uri(name=person.name, issuer_name=ISSUER)


def confirm(session: Session, vault: Vault, person: Person, code: str, *, request: str | None) -> list[str]:
    """Puts the authenticator in force and returns the recovery codes, which are shown this once. Raises ``InvalidInput`` for a
    wrong code."""
    row = session.get(SecondFactor, person.id, with_for_update=TO_CHANGE)
    if row is None or row.confirmed_at is not None:
        raise Conflict("No enrolment is under way. Begin one first.")
    if not _takes(session, vault, row, code):
        raise InvalidInput("The code is not right. Check that the telephone's clock is, and send the newest code.")
    row.confirmed_at = now()
    notices.notify(session, [person.id], "account.second-factor", "account", person.id)
    journal.append(session, "second-factor.enrol", actor=person.id, request=request)
    return _new_codes(session, person.id)


def in_force(session: Session, person_id: str) -> bool:
    """Asks for no secret, so that every room may."""
    return session.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.person_id == person_id)) is not None


def verify(session: Session, vault: Vault, person_id: str, code: str, *, request: str | None) -> bool:
    """Whether this is the newest code of the authenticator, or a recovery code that is left; then it is used up."""
    row = session.get(SecondFactor, person_id, with_for_update=TO_CHANGE, populate_existing=True)
    if row is None or row.confirmed_at is None:
        return False
    return _takes(session, vault, row, code) or _recovers(session, person_id, code, request)


def renew_codes(session: Session, person_id: str, *, request: str | None) -> list[str]:
    """New recovery codes; the old ones are void."""
    journal.append(session, "second-factor.renew-codes", actor=person_id, request=request)
    return _new_codes(session, person_id)


def codes_left(session: Session, person_id: str) -> int:
    query = select(RecoveryCode.id).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return len(session.scalars(query).all())


def remove(session: Session, person_id: str, *, by: str | None, request: str | None) -> None:
    """Raises ``Conflict`` where there is none."""
    row = session.get(SecondFactor, person_id, with_for_update=TO_CHANGE)
    if row is None:
        raise Conflict("There is no authenticator to remove.")
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    session.delete(row)
    notices.notify(session, [person_id], "account.second-factor", "account", person_id)
    journal.append(session, "second-factor.remove", actor=by, request=request, person=person_id)


def _takes(session: Session, vault: Vault, row: SecondFactor, code: str) -> bool:
    digits = re.sub(r"\s", "", code)
    generator = TOTP(vault.open_text(session, row.key_id, CONTEXT, row.secret_sealed))
    current = int(now().timestamp()) // SECONDS
    for step in (current + offset for offset in WINDOW):
        expected = generator.at(step * SECONDS)
        if step > row.last_step and compare_digest(digits.encode(), expected.encode()):
            row.last_step = step
            return True
    return False


def _recovers(session: Session, person_id: str, code: str, request: str | None) -> bool:
    query = select(RecoveryCode).where(
        RecoveryCode.person_id == person_id, RecoveryCode.digest == _digest(code), RecoveryCode.used_at.is_(None)
    )
    row = session.scalar(query.with_for_update(key_share=True))
    if row is None:
        return False
    row.used_at = now()
    journal.append(session, "second-factor.recover", actor=person_id, request=request)
    return True


def _new_codes(session: Session, person_id: str) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    raw = [b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(person_id=person_id, digest=_digest(each)) for each in raw)
    session.flush()
    return ["-".join(each[start : start + 4] for start in range(0, len(each), 4)) for each in raw]


def _digest(code: str) -> str:
    """A code has 120 random bits, so one plain hash is enough; spaces, dashes and capitals do not matter."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).lower().encode()).hexdigest()
