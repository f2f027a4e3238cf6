"""Handover lists: opened by one, decided by the other."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Response

from services.console.filing.forms_in import NONE, Ids, Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/filing/handovers")
async def handovers(visit: VisitDep) -> Response:
    lists, takers, archived, waiting = await asyncio.gather(
        visit.api.get("/api/v1/handovers"),
        visit.api.get("/api/v1/handovers/takers"),
        visit.api.get("/api/v1/filings/catalogue"),
        visit.api.get("/api/v1/filings/worklist", {"state": "SCANNED"}),
    )
    items = [*waiting["items"], *(row | {"id": row["item_id"]} for row in archived["items"])]
    return visit.page("handovers.html", section="filing", handovers=lists["handovers"], takers=takers["people"], waiting=items)


@router.post("/filing/handovers")
async def open_list(visit: VisitDep, taker_id: Text, item_ids: Ids = NONE) -> Response:
    if not item_ids:
        return see_other("/filing/handovers")
    body = {"taker_id": taker_id, "item_ids": item_ids}
    opened = await visit.api.send("POST", "/api/v1/handovers", json=body)
    return see_other(f"/filing/handovers/{opened.json()['id']}")


@router.get("/filing/handovers/{handover_id}")
async def handover(visit: VisitDep, handover_id: UUID) -> Response:
    shown = await visit.api.get(f"/api/v1/handovers/{handover_id}")
    return visit.page("handover.html", section="filing", handover=shown)


@router.post("/filing/handovers/{handover_id}/decisions")
async def decide(
    visit: VisitDep,
    handover_id: UUID,
    item_id: Text,
    do: Annotated[Literal["accept", "reject"], Form()],
    reason: Text = "",
) -> Response:
    line = {"item_id": item_id, "accepted": do == "accept", "reason": reason or None}
    await visit.api.send("POST", f"/api/v1/handovers/{handover_id}/decisions", json={"lines": [line]})
    return see_other(f"/filing/handovers/{handover_id}")
