"""收件: handing files in and watching them being read. The browser uploads straight to the API."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
RECENT = 8


@router.get("/")
async def start(visit: VisitDep) -> Response:
    """The drop zone, for those who deliver; others begin with the first section that is open to them."""
    if visit.me and visit.me.get("must_enrol"):
        return see_other("/me")
    if not visit.may("deliver"):
        return see_other(visit.home) if visit.home else visit.page("nothing.html")
    listed = await visit.api.get("/api/v1/batches", {"limit": RECENT})
    batches = await asyncio.gather(*(visit.api.get(f"/api/v1/batches/{each['id']}") for each in listed["batches"]))
    return visit.page("intake.html", section="intake", batches=batches)


@router.get("/batches/{batch_id}")
async def batch(visit: VisitDep, batch_id: UUID) -> Response:
    """Files, items and problems of a batch."""
    state = await visit.api.get(f"/api/v1/batches/{batch_id}")
    return visit.page("batch.html", section="intake", batch=state, problems=_by_weight(state["problems"]))


def _by_weight(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Errors before warnings, otherwise as they came."""
    return sorted(problems, key=lambda problem: problem["severity"] != "error")
