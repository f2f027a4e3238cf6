"""巡检: plans, what is due, what was found, and that it was mended."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=8000)]
HERE = "/custody/inspections"
UNPROCESSABLE = 422


@router.get(HERE)
async def inspections(visit: VisitDep) -> Response:
    return await _page(visit)


@router.post("/custody/plans")
async def plan(visit: VisitDep, title: Text = "", points: Text = "", every_days: Text = "") -> Response:
    named = [line.strip() for line in points.splitlines() if line.strip()]
    return await _send(visit, "/api/v1/custody/plans", {"title": title, "points": named, "every_days": every_days})


@router.post("/custody/plans/{plan_id}/inspections")
async def enter(visit: VisitDep, plan_id: UUID) -> Response:
    """A point is all right unless something is written about it."""
    form = await visit.request.form()
    points = [str(each) for each in form.getlist("point")]
    notes = [str(each).strip() for each in form.getlist("note")]
    found = [{"point": point, "ok": not note, "note": note} for point, note in zip(points, notes, strict=True)]
    return await _send(visit, f"/api/v1/custody/plans/{plan_id}/inspections", {"points": found})


@router.post("/custody/plans/{plan_id}/end")
async def end(visit: VisitDep, plan_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/custody/plans/{plan_id}/end")
    return see_other(HERE)


@router.post("/custody/inspections/{inspection_id}/settlement")
async def settle(visit: VisitDep, inspection_id: UUID, text: Text = "") -> Response:
    return await _send(visit, f"/api/v1/custody/inspections/{inspection_id}/settlement", {"text": text})


async def _send(visit: Visit, path: str, body: dict[str, object]) -> Response:
    try:
        await visit.api.send("POST", path, json=body)
    except Refusal as refusal:
        if refusal.status != UNPROCESSABLE:
            raise
        return await _page(visit, refusal)
    return see_other(HERE)


async def _page(visit: Visit, refusal: Refusal | None = None) -> Response:
    plans, found, fragile = await asyncio.gather(
        visit.api.get("/api/v1/custody/plans"),
        visit.api.get("/api/v1/custody/inspections"),
        visit.api.get("/api/v1/custody/fragile"),
    )
    titles = {each["id"]: each["title"] for each in plans["plans"]}
    errors = [(None, visit.words("custody.wrong-inspection"))] if refusal else []
    return visit.page(
        "custody-inspections.html",
        status=UNPROCESSABLE if refusal else 200,
        section="custody",
        plans=plans["plans"],
        found=found["inspections"],
        titles=titles,
        fragile=fragile["items"],
        errors=errors,
    )
