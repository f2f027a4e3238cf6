"""What is refused is entered. The transaction that was refused is rolled back, so its attempt is entered in one of its own."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from services.kernel.core import Kernel
from services.kernel.errors import Forbidden
from services.kernel.http import problems
from services.kernel.http.paging import IDENTIFIER
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal

ACT = "access.refuse"


def install(app: FastAPI, kernel: Kernel) -> None:
    """Enters each 403 that somebody who has signed in is given, unless it was entered where it rose."""

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, Forbidden)
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is not None and not error.entered:
            await run_in_threadpool(enter, kernel, request, principal, error)
        return await problems.business(request, error)

    app.add_exception_handler(Forbidden, refuse)


def enter(kernel: Kernel, request: Request, principal: Principal, error: Forbidden, **details: str) -> None:
    """One refused attempt, by route and not by path: a path may hold what somebody typed."""
    error.entered = True
    route = getattr(request.scope.get("route"), "path", "")
    item = str(request.path_params.get("item_id", ""))
    with kernel.database.write() as session:
        journal.append(
            session,
            ACT,
            actor=principal.person_id,
            item=item if IDENTIFIER.fullmatch(item) else None,
            request=problems.request_id(request),
            result="refused",
            why=error.code,
            route=route,
            method=request.method,
            **details,
        )
