"""保管期限表: policy's classes, what another policy would make due, and changed types that wait for a word."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Form, Query, Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/retention/classes")
async def classes(
    visit: VisitDep,
    version: Annotated[str, Query(max_length=10)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """With ``version`` or ``day``: what would be due then."""
    told, waiting, versions = await asyncio.gather(
        visit.api.get("/api/v1/retention/classes"),
        visit.api.get("/api/v1/retention/reclassified"),
        visit.api.get("/api/v1/policy/versions"),
    )
    simulated: dict[str, Any] | None = None
    if version or day:
        asked = {"version": int(version) if version.isdecimal() else None, "day": day or None}
        simulated = (await visit.api.send("POST", "/api/v1/retention/simulation", json=asked)).json()
    return visit.page(
        "retention-classes.html",
        section="retention",
        classes=told["classes"],
        reclassified=waiting["items"],
        versions=versions,
        simulated=simulated,
        asked={"version": version, "day": day},
    )


@router.post("/retention/reclassified")
async def confirm(visit: VisitDep, item_ids: Annotated[list[str], Form()]) -> Response:
    await visit.api.send("POST", "/api/v1/retention/reclassified/confirmation", json={"item_ids": item_ids})
    return see_other("/retention/classes#reclassified")
