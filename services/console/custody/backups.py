"""备份: which there are, whether a restore of them was tried, and one more on request."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/custody/backups")
async def backups(visit: VisitDep) -> Response:
    given = visit.request.query_params
    answer = await visit.api.get("/api/v1/custody/backups", {"cursor": given["cursor"]} if given.get("cursor") else None)
    following = f"/custody/backups?{urlencode({'cursor': answer['next']})}" if answer["next"] else None
    asked = given.get("asked") if given.get("asked") in ("yes", "already") else None
    return visit.page("custody-backups.html", section="custody", told=answer, following=following, asked=asked)


@router.post("/custody/backups")
async def ask(visit: VisitDep) -> Response:
    answer = await visit.api.send("POST", "/api/v1/custody/backups")
    return see_other(f"/custody/backups?asked={'yes' if answer.json()['asked'] else 'already'}")
