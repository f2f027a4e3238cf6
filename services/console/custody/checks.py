"""四性检测: the report, and what did not pass."""

from __future__ import annotations

import asyncio

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()


@router.get("/custody/checks")
async def checks(visit: VisitDep) -> Response:
    report, failed = await asyncio.gather(
        visit.api.get("/api/v1/custody/checks/report"),
        visit.api.get("/api/v1/custody/checks", {"passed": "false"}),
    )
    return visit.page("custody-checks.html", section="custody", report=report, failed=failed["checks"])
