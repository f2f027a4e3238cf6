"""Each request as a span, named after the room and the function that answer it, as in ``access.pdf``; within the caller's
trace, where it names one. Addresses and what is asked for stay out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kernel import tracing

UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds, and part of nothing."""
UNNAMED = "kernel.request"

SILENT: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI can trace by itself, with what people ask for, and sends it away as soon as its environment says so."""


class Traced:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self._app(scope, receive, send)
            return
        with tracing.span(UNNAMED, parent=Headers(scope=scope).get(tracing.HEADER)) as rename:
            try:
                await self._app(scope, receive, send)
            finally:
                rename(_name(scope))


async def _hand_on(request: httpx.Request) -> None:
    if trace := tracing.carried():
        request.headers[tracing.HEADER] = trace


HOOKS: Mapping[str, list[Callable[..., Any]]] = {"request": [_hand_on]}
"""For an HTTP client: what it asks of another process is part of the same trace."""


def _name(scope: Scope) -> str:
    """Known once the request has found its route."""
    route = scope.get("route")
    if route is None:
        return UNNAMED
    package, _, inside = route.endpoint.__module__.partition(".")
    rooms = [inside.partition(".")[0]] if package == "services" else route.tags  # a library answers for the room that asked it
    return f"{rooms[0]}.{route.name}" if rooms else UNNAMED
