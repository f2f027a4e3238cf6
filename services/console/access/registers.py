"""登记簿: all requests, grants, loans, copies and uncovered values, for those who keep or watch over them."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()
BOOKS = {
    "requests": "/api/v1/access-requests",
    "grants": "/api/v1/grants",
    "loans": "/api/v1/loans",
    "copies": "/api/v1/copies",
    "reveals": "/api/v1/reveals",
    "incidents": "/api/v1/incidents",
}


@router.get("/access/registers")
async def registers(visit: VisitDep) -> Response:
    """One of them, newest first."""
    given = visit.request.query_params
    book = given.get("book", "requests")
    book = book if book in BOOKS else "requests"
    asked = {"mine": "false", "open": "false"} | ({"cursor": given["cursor"]} if given.get("cursor") else {})
    answer = await visit.api.get(BOOKS[book], asked)
    following = f"/access/registers?{urlencode({'book': book, 'cursor': answer['next']})}" if answer["next"] else None
    return visit.page(
        "access-registers.html", section="access", book=book, books=list(BOOKS), rows=answer[book], following=following
    )
