"""Who is asking, and may they? Every route names the right it needs; a route without one is found by a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.kernel.core import Kernel
from services.kernel.errors import Forbidden, Unauthenticated
from services.kernel.http import refusals
from services.kernel.http.problems import request_id
from services.kernel.identity.accounts import principal_of
from services.kernel.identity.rights import ROLE_RIGHTS, Principal, Right

COOKIE = "muniment_session"
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
        if not principal.may(right):
            _refuse(request, kernel, principal, right)
        return principal

    check.right = right  # type: ignore[attr-defined]
    return check


def _principal(request: Request, kernel: Kernel) -> Principal:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    with kernel.database.read() as session:
        if scheme.lower() == "bearer" and token:
            return principal_of(session, token.strip(), kind="token")
        if cookie := request.cookies.get(COOKIE):
            refuse_other_sites(request)
            return principal_of(session, cookie, kind="session")
    raise Unauthenticated("Send a bearer token in the Authorization header, or sign in at /sign-in.")


def _refuse(request: Request, kernel: Kernel, principal: Principal, right: Right) -> None:
    holders = ", ".join(role for role, rights in ROLE_RIGHTS.items() if right in rights)
    refusal = Forbidden(f"This needs the right “{right}”, which is held by: {holders}. Ask one of them, or the administrator.")
    refusals.enter(kernel, request, principal, refusal, right=right)
    raise refusal


def refuse_other_sites(request: Request) -> None:
    """Cookies are taken for changing requests only from our own pages (the cookie is SameSite=Strict besides)."""
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if (origin and urlsplit(origin).netloc != request.headers.get("Host")) or (site and site not in ("same-origin", "none")):
        raise Forbidden("This request came from another site. Open the archive's own page and try again.")


RequestId = Annotated[str, Depends(request_id)]
KernelDep = Annotated[Kernel, Depends(kernel_of)]
