"""Signing in and out, and who one is. One's own account is in ``mine``, all people in ``roster``, a provider in ``oidc``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.kernel.core import Kernel
from services.kernel.errors import Unauthenticated
from services.kernel.http.gate import (
    COOKIE,
    PENDING,
    KernelDep,
    RequestId,
    allow,
    cookie_name,
    refuse_other_sites,
)
from services.kernel.identity import credentials, signing_in
from services.kernel.identity.mine import endpoints as mine
from services.kernel.identity.oidc import endpoints as oidc
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.roster import endpoints as roster
from services.kernel.identity.signing_in import Opened
from services.kernel.identity.web import knock, set_cookie, terms_of
from services.kernel.model import Role


class SignIn(BaseModel):
    name: str = Field(max_length=80)
    password: str = Field(max_length=400)
    code: str = Field("", max_length=64, description="Of the authenticator, or a recovery code, where one is enrolled.")


class Code(BaseModel):
    code: str = Field(max_length=64)


class Me(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    roles: list[Role]
    rights: list[Right]
    department: str | None
    must_enrol: bool = Field(description="Whether nothing else is open before a second factor is enrolled.")


class CodeNext(BaseModel):
    next: str = "second-factor"


router = APIRouter(prefix="/api/v1", tags=["identity"])


@router.post("/sessions", status_code=201, responses={202: {"model": CodeNext}})
def sign_in(kernel: KernelDep, body: SignIn, request: Request, request_id: RequestId) -> Response:
    """Opens a session; the cookie is HttpOnly and SameSite=Strict. 202 asks for the code of the authenticator, at
    ``/sessions/second-factor``, within five minutes."""
    refuse_other_sites(request)
    knock(kernel, request)
    terms = terms_of(kernel, request, request_id)
    opened = signing_in.sign_in(kernel.database, kernel.vault, body.name, body.password, terms, code=body.code)
    if opened is None:
        raise Unauthenticated("The name, the password or the code is wrong. Check them, then try again.")
    if opened.pending:
        response = JSONResponse(CodeNext().model_dump(), 202)
        set_cookie(response, kernel, PENDING, opened.secret, credentials.PENDING.total_seconds())
        return response
    return _signed_in(kernel, opened)


@router.post("/sessions/second-factor", status_code=201)
def finish(kernel: KernelDep, body: Code, request: Request, request_id: RequestId) -> Response:
    """Opens the session that waits for its code: six digits, or a recovery code, which is then used up."""
    refuse_other_sites(request)
    knock(kernel, request)
    pending = request.cookies.get(cookie_name(kernel.settings, PENDING), "")
    opened = signing_in.finish(kernel.database, kernel.vault, pending, body.code, terms_of(kernel, request, request_id))
    if opened is None:
        raise Unauthenticated("The code is wrong, or was used already. Wait for the next one.", code="wrong-code")
    return _signed_in(kernel, opened)


@router.delete("/sessions/current", status_code=204)
def sign_out(kernel: KernelDep, request: Request, request_id: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """Closes the session of the cookie at hand. Of one that a provider opened, the header ``Muniment-Leave`` tells where a
    browser signs out there too."""
    name = cookie_name(kernel.settings)
    if secret := request.cookies.get(name):
        with kernel.database.write() as session:
            credentials.sign_out(session, secret, request=request_id)
    response = Response(status_code=204)
    if leave := oidc.leave_address(request, principal):
        response.headers["Muniment-Leave"] = leave
    response.delete_cookie(name, secure=kernel.settings.https, httponly=True, samesite="strict")
    return response


@router.get("/me")
def me(principal: Principal = allow(Right.SELF)) -> Me:
    return _me(principal)


router.include_router(mine.router)
router.include_router(roster.router)
router.include_router(oidc.router)


def _signed_in(kernel: Kernel, opened: Opened) -> Response:
    with kernel.database.read() as session:
        principal = credentials.principal_of(session, opened.secret, kind="session")
    response = JSONResponse(_me(principal).model_dump(mode="json"), 201)
    set_cookie(response, kernel, COOKIE, opened.secret, kernel.settings.session_hours * 3600)
    response.delete_cookie(
        cookie_name(kernel.settings, PENDING), secure=kernel.settings.https, httponly=True, samesite="strict"
    )
    return response


def _me(principal: Principal) -> Me:
    return Me(
        id=principal.person_id,
        name=principal.name,
        roles=sorted(principal.roles),
        rights=sorted(principal.rights),
        department=principal.department,
        must_enrol=principal.must_enrol,
    )
