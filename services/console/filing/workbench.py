"""The desk: what waits for a check, for its entry to be confirmed, for a form, for a signature."""

from __future__ import annotations

import asyncio

from fastapi import Response

from services.console.filing.forms_in import NONE, Ids
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
STEPS = ("SCANNED", "QC_PASSED", "CATALOGUED", "QC_FAILED")


@router.get("/filing")
async def desk(visit: VisitDep) -> Response:
    """One list for each state in which somebody has to do something."""
    lists, checks, forms, overdue = await asyncio.gather(
        asyncio.gather(*(visit.api.get("/api/v1/filings/worklist", {"state": state}) for state in STEPS)),
        visit.api.get("/api/v1/filings/checks"),
        visit.api.get("/api/v1/filings", {"state": "submitted"}),
        visit.api.get("/api/v1/reports/overdue"),
    )
    steps = {state: answer["items"] for state, answer in zip(STEPS, lists, strict=True)}
    return visit.page(
        "filing.html",
        section="filing",
        steps=steps,
        checks=checks["checks"],
        forms=forms["filings"],
        overdue={each["id"]: each["due_on"] for each in overdue["items"]},
    )


@router.post("/filing/checks")
async def check(visit: VisitDep, item_ids: Ids = NONE) -> Response:
    """Opens a lot of the chosen items."""
    if not item_ids:
        return see_other("/filing")
    opened = await visit.api.send("POST", "/api/v1/filings/checks", json={"item_ids": item_ids})
    return see_other(f"/filing/checks/{opened.json()['id']}")


@router.post("/filing/catalogued")
async def catalogue(visit: VisitDep, item_ids: Ids = NONE) -> Response:
    return await _send(visit, "/api/v1/filings/catalogued", item_ids)


@router.post("/filing/forms")
async def submit(visit: VisitDep, item_ids: Ids = NONE) -> Response:
    return await _send(visit, "/api/v1/filings", item_ids)


async def _send(visit: Visit, address: str, item_ids: list[str]) -> Response:
    if item_ids:
        await visit.api.send("POST", address, json={"item_ids": item_ids})
    return see_other("/filing")
