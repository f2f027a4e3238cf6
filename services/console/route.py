"""Routes that answer people: what goes wrong becomes a page, not a problem document."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from services.console.api import Refusal
from services.console.visit import Visit


class Page(APIRoute):
    """A route whose errors are shown as HTML."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def show(request: Request) -> Response:
            try:
                return await answer(request)
            except Refusal as refusal:
                return _visit(request).refused(refusal)
            except RequestValidationError:
                return _visit(request).refused(_refusal(404, "not-found"))
            except httpx.TransportError:
                return _visit(request).refused(_refusal(503, "unavailable"))

        return show


def page_router() -> APIRouter:
    return APIRouter(include_in_schema=False, route_class=Page)


def _visit(request: Request) -> Visit:
    return Visit(request, getattr(request.state, "me", None))


def _refusal(status: int, code: str) -> Refusal:
    return Refusal(status, {"type": f"urn:muniment:problem:{code}"})
