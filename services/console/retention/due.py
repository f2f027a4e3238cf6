"""到期清单: what is due, and the run that found it, which may wait for a word."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
NARROWS = ("retention", "department", "type", "cursor")


@router.get("/retention")
async def due(visit: VisitDep) -> Response:
    given = {name: visit.request.query_params[name] for name in NARROWS if visit.request.query_params.get(name)}
    listed, classes, runs = await asyncio.gather(
        visit.api.get("/api/v1/retention/due", given),
        visit.api.get("/api/v1/retention/classes"),
        visit.api.get("/api/v1/retention/runs", {"limit": 5}),
    )
    following = f"/retention?{urlencode(given | {'cursor': listed['next']})}" if listed["next"] else None
    return visit.page(
        "retention.html",
        section="retention",
        items=listed["items"],
        classes=classes["classes"],
        runs=runs["runs"],
        given=given,
        following=following,
    )


@router.post("/retention/runs")
async def order(visit: VisitDep) -> Response:
    await visit.api.send("POST", "/api/v1/retention/runs")
    return see_other("/retention#runs")


@router.post("/retention/runs/{run_id}/confirmation")
async def confirm(visit: VisitDep, run_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/retention/runs/{run_id}/confirmation")
    return see_other("/retention#runs")
