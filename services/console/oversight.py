"""Parked jobs, for those who can send them off again."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/jobs")
async def jobs(visit: VisitDep) -> Response:
    """Parked jobs, each with why it failed."""
    given = visit.request.query_params
    answer = await visit.api.get("/api/v1/jobs", {"cursor": given["cursor"]} if given.get("cursor") else None)
    following = f"/jobs?{urlencode({'cursor': answer['next']})}" if answer["next"] else None
    return visit.page("jobs.html", section="jobs", jobs=answer["jobs"], following=following, sent="sent" in given)


@router.post("/jobs/{job_id}/retry")
async def retry(visit: VisitDep, job_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/jobs/{job_id}/retry")
    return see_other("/jobs?sent")
