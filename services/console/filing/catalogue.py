"""The catalogue (档案目录) of what is filed, and the labels of its boxes."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from fastapi import Response

from services.console.filing.forms_in import NONE, Ids
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
NARROWED_BY = ("type", "business_type", "series")


@router.get("/filing/catalogue")
async def catalogue(visit: VisitDep) -> Response:
    """Its lines in the order of their numbers; boxes whose label no longer says what holds."""
    given = visit.request.query_params
    narrowed = {name: given[name].strip() for name in NARROWED_BY if given.get(name, "").strip()}
    asked = narrowed | ({"cursor": given["cursor"]} if given.get("cursor") else {})
    answer, relabelling = await asyncio.gather(
        visit.api.get("/api/v1/filings/catalogue", asked), visit.api.get("/api/v1/filings/relabelling")
    )
    following = f"/filing/catalogue?{urlencode(narrowed | {'cursor': answer['next']})}" if answer["next"] else None
    return visit.page(
        "filing-catalogue.html",
        section="filing",
        rows=answer["items"],
        following=following,
        asked=narrowed,
        query=f"?{urlencode(narrowed)}" if narrowed else "",
        tasks=relabelling["tasks"],
    )


@router.post("/filing/labels")
async def labels(visit: VisitDep, item_ids: Ids = NONE) -> Response:
    """The labels themselves, for the printer."""
    if not item_ids:
        return see_other("/filing/catalogue")
    made = await visit.api.send("POST", "/api/v1/filings/labels", json={"item_ids": item_ids})
    kept = ("content-type", "content-disposition", "cache-control")
    return Response(made.content, headers={name: made.headers[name] for name in kept if name in made.headers})
