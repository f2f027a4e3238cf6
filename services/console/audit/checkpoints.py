"""What was signed of the ledger."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()


@router.get("/audit/checkpoints")
async def checkpoints(visit: VisitDep) -> Response:
    """Signed checkpoints, latest first, and the key to verify them with."""
    given = visit.request.query_params
    answer = await visit.api.get("/api/v1/audit/checkpoints", {"cursor": given["cursor"]} if given.get("cursor") else None)
    following = f"/audit/checkpoints?{urlencode({'cursor': answer['next']})}" if answer["next"] else None
    return visit.page("audit-checkpoints.html", section="audit", told=answer, following=following)
