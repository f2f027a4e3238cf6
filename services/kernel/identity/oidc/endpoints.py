"""Signing in at the provider, for browsers; and which identities open an account, for the administrator."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from services.kernel.core import Kernel
from services.kernel.errors import MunimentError, NotFound
from services.kernel.http.gate import COOKIE, KernelDep, RequestId, allow, cookie_name
from services.kernel.identity import people
from services.kernel.identity.oidc import service
from services.kernel.identity.oidc.provider import Provider
from services.kernel.identity.oidc.tables import OutsideLogin
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.web import knock, set_cookie, terms_of

STATE = "muniment_outside"
Word = Annotated[str, Query(max_length=2000)]
router = APIRouter()


def provider_of(request: Request) -> Provider:
    """One for the whole process: it remembers the provider's metadata. Raises ``NotFound`` where none is configured."""
    state, settings = request.app.state, request.app.state.kernel.settings
    if settings.oidc_issuer is None:
        raise NotFound("No sign-in provider is configured here. Sign in with name and password.")
    if getattr(state, "oidc", None) is None:
        state.oidc = Provider(settings)
    provider: Provider = state.oidc
    return provider


ProviderDep = Annotated[Provider, Depends(provider_of)]


class NewLogin(BaseModel):
    subject: str = Field(min_length=1, max_length=255, description="What the provider calls this person.")


@router.get("/oidc")
def about(kernel: KernelDep) -> dict[str, Any]:
    """Whether one can sign in at a provider, and what it is called."""
    settings = kernel.settings
    return {"configured": settings.oidc_issuer is not None, "name": settings.oidc_name if settings.oidc_issuer else None}


@router.get("/oidc/sign-in", response_class=Response)
def begin(kernel: KernelDep, provider: ProviderDep, request: Request, next: Word = "/") -> Response:
    """Sends the browser to the provider."""
    knock(kernel, request)
    address, state = service.begin(kernel.database, provider, _local(next))
    response = RedirectResponse(address, 303)
    name, secure = cookie_name(kernel.settings, STATE), kernel.settings.https
    # Lax, for the way back begins at another site.
    response.set_cookie(name, state, int(service.LASTS.total_seconds()), httponly=True, samesite="lax", secure=secure)
    return response


@router.get("/oidc/callback", response_class=Response)
def callback(
    kernel: KernelDep, provider: ProviderDep, request: Request, request_id: RequestId, code: Word = "", state: Word = ""
) -> Response:
    """Where the provider sends the browser back to. The answer is a page of ours that leads on: the session's cookie is
    SameSite=Strict, and would not be sent with a way that began at another site."""
    kept = request.cookies.get(cookie_name(kernel.settings, STATE), "")
    try:
        knock(kernel, request)
        back = service.finish(kernel.database, provider, state, kept, code, terms_of(kernel, request, request_id))
    except MunimentError as refusal:
        return _leave(kernel, {"outside": refusal.code})
    if back.opened is None:
        return _leave(kernel, {"outside": "stranger", "subject": back.stranger or ""})
    response = _page(back.next)
    set_cookie(response, kernel, COOKIE, back.opened.secret, kernel.settings.session_hours * 3600)
    _forget(response, kernel)
    return response


@router.post("/oidc/logout", status_code=200, response_class=Response)
def logout(
    kernel: KernelDep,
    provider: ProviderDep,
    request: Request,
    request_id: RequestId,
    logout_token: Annotated[str, Form(max_length=20_000)],
) -> Response:
    """The provider says that somebody signed out there (Back-Channel Logout 1.0): the sessions that it opened here end."""
    knock(kernel, request)
    sub = provider.signed_out(logout_token)
    with kernel.database.write() as session:
        service.left(session, provider, sub, request=request_id)
    return Response(headers={"Cache-Control": "no-store"})


def leave_address(request: Request, principal: Principal) -> str | None:
    """Where somebody signs out at the provider too whose session it opened."""
    configured = request.app.state.kernel.settings.oidc_issuer is not None
    return provider_of(request).leave_address() if principal.by_provider and configured else None


@router.get("/people/{person_id}/logins")
def logins(kernel: KernelDep, person_id: str, principal: Principal = allow(Right.PEOPLE)) -> dict[str, Any]:
    """Identities of the provider that open this account; there are few, so they come at once."""
    with kernel.database.read() as session:
        people.found(session, person_id)
        return {"logins": [_shown(row) for row in service.of(session, person_id)]}


@router.post("/people/{person_id}/logins", status_code=201)
def tie(
    kernel: KernelDep,
    person_id: str,
    body: NewLogin,
    asked: Request,
    request: RequestId,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, Any]:
    """Lets an identity of the provider open this account."""
    issuer = provider_of(asked).issuer  # only now: who may not is told so first
    with kernel.database.write() as session:
        return _shown(service.tie(session, issuer, person_id, body.subject, by=principal, request=request))


@router.delete("/people/{person_id}/logins/{login_id}", status_code=204)
def untie(
    kernel: KernelDep, person_id: str, login_id: str, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> Response:
    with kernel.database.write() as session:
        service.untie(session, person_id, login_id, by=principal, request=request)
    return Response(status_code=204)


def _shown(row: OutsideLogin) -> dict[str, str]:
    return {"id": row.id, "issuer": row.issuer, "subject": row.subject, "created_at": row.created_at.isoformat()}


def _local(address: str) -> str:
    """A path on this site, else the start: nobody is sent elsewhere after signing in."""
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"


def _leave(kernel: Kernel, told: dict[str, str]) -> Response:
    response = _page(f"/sign-in?{urlencode(told)}")
    _forget(response, kernel)
    return response


def _page(address: str) -> HTMLResponse:
    there = escape(address)
    html = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={there}"><a href="{there}">→</a>'
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


def _forget(response: Response, kernel: Kernel) -> None:
    response.delete_cookie(cookie_name(kernel.settings, STATE), secure=kernel.settings.https, httponly=True, samesite="lax")
