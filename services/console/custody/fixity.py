"""固化检查: how far the round has come, and what was not whole."""

from __future__ import annotations

import asyncio

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()


@router.get("/custody")
async def fixity(visit: VisitDep) -> Response:
    standing, damaged, repaired = await asyncio.gather(
        visit.api.get("/api/v1/custody/fixity"),
        visit.api.get("/api/v1/custody/fixity/objects", {"result": "damaged"}),
        visit.api.get("/api/v1/custody/fixity/objects", {"result": "repaired"}),
    )
    found = {"damaged": damaged["objects"], "repaired": repaired["objects"]}
    return visit.page("custody-fixity.html", section="custody", standing=standing, found=found)
