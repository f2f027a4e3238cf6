"""What all ways of signing in share over HTTP: the cookie, and what is known of the browser."""

from __future__ import annotations

from fastapi import Request, Response

from services.kernel.core import Kernel
from services.kernel.http.gate import client_address, cookie_name
from services.kernel.identity.credentials import Whence
from services.kernel.identity.signing_in import Terms


def terms_of(kernel: Kernel, request: Request, request_id: str) -> Terms:
    settings = kernel.settings
    whence = Whence(client_address(request), request.headers.get("User-Agent"))
    return Terms(settings.session_hours, settings.session_idle_minutes, request_id, whence)


def knock(kernel: Kernel, request: Request) -> None:
    """Counts a try at a door. Raises ``TooMany`` where one address tries too often, under whatever names."""
    kernel.limiter.hit("sign-in", client_address(request), kernel.settings.sign_ins_per_minute)


def set_cookie(response: Response, kernel: Kernel, name: str, secret: str, seconds: float) -> None:
    name = cookie_name(kernel.settings, name)
    secure = kernel.settings.https
    response.set_cookie(name, secret, max_age=int(seconds), httponly=True, samesite="strict", secure=secure)
