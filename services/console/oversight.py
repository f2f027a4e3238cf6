"""监督: the ledger for its auditors, parked jobs for those who can send them off again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
ENTRIES = 50
FILTERS = ("act", "actor", "item")


@router.get("/audit")
async def audit(visit: VisitDep) -> Response:
    """Entries of the ledger, latest first, narrowed by act, person or item."""
    given = visit.request.query_params
    asked = {name: given[name].strip() for name in FILTERS if given.get(name, "").strip()}
    paged = {"cursor": given["cursor"]} if given.get("cursor") else {}
    answer = await visit.api.get("/api/v1/audit/entries", asked | paged | {"limit": ENTRIES, "order": "newest"})
    following = f"/audit?{urlencode(asked | {'cursor': answer['next']})}" if answer["next"] else None
    return visit.page(
        "audit.html", section="audit", entries=answer["entries"], asked=asked, following=following, narrow=_narrow
    )


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


def _narrow(asked: dict[str, Any], name: str, value: str) -> str:
    """The address of the same view narrowed to one more value."""
    return f"/audit?{urlencode(asked | {name: value})}"
