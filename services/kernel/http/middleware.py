"""Around every request: an id, one line in the log without personal data (the route's template, never the path), counters,
headers that keep browsers and caches careful, an answer to errors that nobody foresaw, and a bound on bodies."""

from __future__ import annotations

import re
import time
from http import HTTPMethod

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kernel.http import problems
from services.kernel.ids import new_id
from services.kernel.metrics import Metrics
from services.kernel.whence import come_from

log = structlog.get_logger("http")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
API = "/api/"
METHODS = frozenset(HTTPMethod)
LONGEST_BODY = 1 << 20
STREAMED = re.compile(r"/api/v1/(batches/[^/]+/files|uploads/.+|rescans/[^/]+|watermarks/reading)")
"""Where files come in, piece by piece and with bounds of their own; every other body is read whole, even before it is known
who sends it."""


class RequestFrame:
    """ASGI middleware; streams pass through untouched."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity, began, status = new_id(), time.monotonic(), 0
        scope.setdefault("state", {})["request_id"] = identity
        come_from((scope.get("client") or ("",))[0])
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=identity)

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope["path"], identity)
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive), send_framed)
        except Exception as error:
            if status:  # half an answer is out; only its end can tell that something is wrong
                status = 500
                raise
            answer = problems.unforeseen(Request(scope), error)
            await answer(scope, receive, send_framed)
        finally:
            self._note(scope, status, time.monotonic() - began)

    def _note(self, scope: Scope, status: int, elapsed: float) -> None:
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in METHODS else "other"  # whoever asks may write any word there
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.request_seconds.labels(method, route).observe(elapsed)
        log.info("request", method=scope["method"], route=route, status=status, ms=round(elapsed * 1000, 1))


def _add_headers(headers: MutableHeaders, path: str, identity: str) -> None:
    headers["X-Request-ID"] = identity
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith(API):
        headers.setdefault("Cache-Control", "private, no-store")


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """``receive`` that answers 413 once a body that is read whole grows too long."""
    if STREAMED.fullmatch(scope["path"]):
        return receive
    length, declared = 0, Headers(scope=scope).get("content-length", "")
    too_long = HTTPException(413, f"A request may have at most {LONGEST_BODY:,} bytes. Files go to a batch.")

    async def receive_bounded() -> Message:
        nonlocal length
        if declared.isdecimal() and int(declared) > LONGEST_BODY:
            raise too_long
        message = await receive()
        length += len(message.get("body", b""))
        if length > LONGEST_BODY:
            raise too_long
        return message

    return receive_bounded
