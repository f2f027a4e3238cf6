"""Who is asking, and may they? Every route names the right it needs; a route without one is found by a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from services.kernel.config import Settings
from services.kernel.core import Kernel
from services.kernel.errors import Forbidden, Unauthenticated
from services.kernel.http import refusals
from services.kernel.http.problems import request_id
from services.kernel.identity import credentials, second_factor
from services.kernel.identity.rights import ROLE_RIGHTS, Principal, Right

COOKIE, PENDING = "muniment_session", "muniment_pending"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def kernel_of(request: Request) -> Kernel:
    """The kernel that the composition root hung on the application."""
    kernel: Kernel = request.app.state.kernel
    return kernel


def allow(right: Right) -> Any:
    """A dependency that yields the principal, or answers 401 or 403. Refusals are on the ledger.

    >>> @router.get("/search")
    >>> def search(principal: Principal = allow(Right.SEARCH)): ...
    """
    return Depends(guard(right))


def guard(right: Right) -> Callable[[Request], Principal]:
    """The same as a plain callable, for routers that want one."""

    def check(request: Request) -> Principal:
        kernel = kernel_of(request)
        principal = request.state.principal = _principal(request, kernel)
        kernel.limiter.hit("api", principal.person_id, kernel.settings.requests_per_minute)
        if not principal.may(right):
            _refuse(request, kernel, principal, right)
        return principal

    check.right = right  # type: ignore[attr-defined]
    return check


def cookie_name(settings: Settings, name: str = COOKIE) -> str:
    """Behind TLS with the prefix ``__Host-`` (RFC 6265bis): browsers then take it from this host alone, and over TLS alone."""
    return f"__Host-{name}" if settings.https else name


def _principal(request: Request, kernel: Kernel) -> Principal:
    with kernel.database.read() as session:
        principal = _identified(session, request, kernel.settings)
    if principal.unnoted:
        with kernel.database.write() as session:
            credentials.note_use(session, principal.credential_id)
    return principal


def _identified(session: Session, request: Request, settings: Settings) -> Principal:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return credentials.principal_of(session, token.strip(), kind="token")
    if cookie := request.cookies.get(cookie_name(settings)):
        refuse_other_sites(request)
        principal = credentials.principal_of(session, cookie, kind="session")
        bound = not principal.by_provider and principal.roles & settings.second_factor_for
        return replace(principal, must_enrol=bool(bound) and not second_factor.in_force(session, principal.person_id))
    raise Unauthenticated("Send a bearer token in the Authorization header, or sign in at /sign-in.")


def _refuse(request: Request, kernel: Kernel, principal: Principal, right: Right) -> None:
    refusal = _refusal(principal, right)
    refusals.enter(kernel, request, principal, refusal, right=right)
    raise refusal


def _refusal(principal: Principal, right: Right) -> Forbidden:
    if principal.must_enrol:
        return Forbidden("Your role needs a second factor. Enrol an authenticator first, at /me.", code="second-factor-needed")
    holders = ", ".join(role for role, rights in ROLE_RIGHTS.items() if right in rights)
    return Forbidden(f"This needs the right “{right}”, which is held by: {holders}. Ask one of them, or the administrator.")


INSIDE = "console"
"""The address that the console of the same process calls from: no network gives it."""


def client_address(request: Request) -> str | None:
    """Where the browser or program is, as far as the processes before us are to be believed (``FORWARDED_ALLOW_IPS``)."""
    host = request.client.host if request.client else None
    if host == INSIDE:
        host = request.headers.get("X-Forwarded-For")
    return host[:64] if host else None


def refuse_other_sites(request: Request) -> None:
    """Cookies are taken for changing requests only from our own pages (the cookie is SameSite=Strict besides)."""
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if (origin and urlsplit(origin).netloc != request.headers.get("Host")) or (site and site not in ("same-origin", "none")):
        raise Forbidden("This request came from another site. Open the archive's own page and try again.")


RequestId = Annotated[str, Depends(request_id)]
KernelDep = Annotated[Kernel, Depends(kernel_of)]
