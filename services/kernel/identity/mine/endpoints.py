"""One's own account over HTTP. Whoever changes what opens it proves to be its owner by the password."""

from __future__ import annotations

import io
from typing import Any

import segno
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from services.kernel.core import Kernel
from services.kernel.errors import Forbidden
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity import credentials, people, second_factor, tries
from services.kernel.identity.passwords import hashed
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.shapes import shown_credential
from services.kernel.identity.tables import Person

router = APIRouter(prefix="/me")


class NewPassword(BaseModel):
    current: str = Field(max_length=400)
    new: str = Field(max_length=400)


class Password(BaseModel):
    password: str = Field(max_length=400)


class Code(BaseModel):
    code: str = Field(max_length=64)


class Proof(Password, Code):
    pass


@router.get("/credentials")
def list_credentials(
    kernel: KernelDep, limit: paging.Limit = 50, cursor: paging.Cursor = None, principal: Principal = allow(Right.SELF)
) -> dict[str, Any]:
    """One's sessions and tokens that still open something, newest first, with when they were last used (to five minutes)."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = credentials.of(session, principal.person_id, after=after, limit=limit + 1)
    shown, following = paging.page(rows, limit)
    return {"credentials": [shown_credential(row, principal) for row in shown], "next": following}


@router.delete("/credentials/{credential_id}", status_code=204)
def revoke(kernel: KernelDep, credential_id: str, request: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """Ends a session or token of one's own."""
    mine = principal.person_id
    with kernel.database.write() as session:
        credentials.revoke(session, mine, credential_id, by=mine, request=request)
    return Response(status_code=204)


@router.delete("/credentials")
def revoke_others(kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.SELF)) -> dict[str, int]:
    """Ends all sessions but the one at hand; tokens stay, for programs live by them."""
    mine, but = principal.person_id, principal.credential_id
    with kernel.database.write() as session:
        return {"ended": credentials.revoke_all(session, mine, by=mine, request=request, kind="session", but=but)}


@router.put("/password", status_code=204)
def change_password(
    kernel: KernelDep, body: NewPassword, request: RequestId, principal: Principal = allow(Right.SELF)
) -> Response:
    """Changes one's password. All other sessions end."""
    _prove(kernel, principal, body.current)
    kept = hashed(body.new, about=(principal.name,))
    mine = principal.person_id
    with kernel.database.write() as session:
        person = people.found(session, mine)
        people.change_password(session, person, kept, by=mine, but=principal.credential_id, request=request)
    return Response(status_code=204)


@router.get("/second-factor")
def show(kernel: KernelDep, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """Whether an authenticator is in force, and how many recovery codes are left."""
    with kernel.database.read() as session:
        active = second_factor.in_force(session, principal.person_id)
        return {"active": active, "recovery_codes_left": second_factor.codes_left(session, principal.person_id)}


@router.post("/second-factor", status_code=201)
def begin(kernel: KernelDep, body: Password, principal: Principal = allow(Right.SELF)) -> dict[str, str]:
    """A new authenticator: its address (``otpauth://``) and the same as a QR code (SVG). It is in force once confirmed."""
    _prove(kernel, principal, body.password)
    with kernel.database.write() as session:
        uri = second_factor.begin(session, kernel.vault, people.found(session, principal.person_id))
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", scale=4, xmldecl=False, svgclass=None, lineclass=None)
    return {"uri": uri, "qr": drawn.getvalue().decode()}


@router.post("/second-factor/confirmation")
def confirm(kernel: KernelDep, body: Code, request: RequestId, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """Puts the authenticator in force by a first code; returns the recovery codes, shown this once. Other sessions end."""
    mine = principal.person_id
    with kernel.database.write() as session:
        codes = second_factor.confirm(session, kernel.vault, people.found(session, mine), body.code, request=request)
        credentials.revoke_all(session, mine, by=mine, request=request, kind="session", but=principal.credential_id)
    return {"recovery_codes": codes}


@router.post("/second-factor/recovery-codes", status_code=201)
def renew(kernel: KernelDep, body: Proof, request: RequestId, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """New recovery codes, shown this once; the old ones are void."""
    _prove(kernel, principal, body.password, body.code, request)
    with kernel.database.write() as session:
        return {"recovery_codes": second_factor.renew_codes(session, principal.person_id, request=request)}


@router.post("/second-factor/removal", status_code=204)
def remove(kernel: KernelDep, body: Proof, request: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """Gives the authenticator up. Who has lost it asks the administrator."""
    _prove(kernel, principal, body.password, body.code, request)
    with kernel.database.write() as session:
        second_factor.remove(session, principal.person_id, by=principal.person_id, request=request)
    return Response(status_code=204)


def _prove(kernel: Kernel, principal: Principal, password: str, code: str | None = None, request: str | None = None) -> None:
    """Raises ``Forbidden`` for a wrong password or code, ``TooMany`` after too many: they are counted with those of signing in.
    The password is tried outside any transaction, for it takes its time."""
    with kernel.database.read() as session:
        person = _with_password(session, principal)
    right = people.knows(person, password)
    with kernel.database.write() as session:
        tried = tries.of(session, principal.name)
        locked = tried.locked_until if tried is not None and tries.is_locked(tried) else None
        if locked is None:
            if right and code is not None:
                right = second_factor.verify(session, kernel.vault, principal.person_id, code, request=request)
            if not right:
                tries.count(session, principal.name, tried)
    if locked is not None:
        raise tries.refusal(locked)
    if not right:
        raise Forbidden("The password or the code is not right. Send the one that you sign in with.", code="wrong-password")


def _with_password(session: Session, principal: Principal) -> Person:
    query = select(Person).where(Person.id == principal.person_id).options(undefer(Person.password_hash))
    return session.scalars(query).one()
