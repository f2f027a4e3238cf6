"""What the archivist does with a batch."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Response

from services.console.destruction.batches import API, Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
Ids = Annotated[list[str], Form()]
NONE: list[str] = []
Step = Literal["appraisal", "submission", "check", "notification"]


@router.post("/destruction/{batch_id}/lines")
async def add(visit: VisitDep, batch_id: UUID, type: Text = "", department: Text = "", most: Text = "1000") -> Response:
    due: dict[str, Any] = {"type": type or None, "department": department.strip() or None, "most": most}
    await visit.api.send("POST", f"{API}/{batch_id}/lines", json={"due": due})
    return see_other(f"/destruction/{batch_id}")


@router.post("/destruction/{batch_id}/opinions")
async def opine(
    visit: VisitDep,
    batch_id: UUID,
    opinion: Text = "destroy",
    item_ids: Ids = NONE,
    reason: Text = "",
    until: Text = "",
) -> Response:
    """On the lines that are ticked; with none ticked, on all that have no opinion yet. ``remove`` takes them out."""
    if opinion == "remove":
        if item_ids:
            await visit.api.send("POST", f"{API}/{batch_id}/removals", json={"item_ids": item_ids})
        return see_other(f"/destruction/{batch_id}")
    given = {"opinion": opinion, "item_ids": item_ids or None, "reason": reason.strip() or None, "until": until or None}
    await visit.api.send("POST", f"{API}/{batch_id}/opinions", json={"opinions": [given]})
    return see_other(f"/destruction/{batch_id}")


@router.post("/destruction/{batch_id}/step")
async def step(visit: VisitDep, batch_id: UUID, do: Annotated[Step, Form()]) -> Response:
    await visit.api.send("POST", f"{API}/{batch_id}/{do}")
    return see_other(f"/destruction/{batch_id}")


@router.post("/destruction/{batch_id}/cancellation")
async def cancel(visit: VisitDep, batch_id: UUID, reason: Text = "") -> Response:
    await visit.api.send("POST", f"{API}/{batch_id}/cancellation", json={"reason": reason})
    return see_other(f"/destruction/{batch_id}")


@router.post("/destruction/{batch_id}/witnesses")
async def name(visit: VisitDep, batch_id: UUID, person_id: Text = "", capacity: Text = "") -> Response:
    body = {"person_id": person_id, "capacity": capacity}
    await visit.api.send("POST", f"{API}/{batch_id}/witnesses", json=body)
    return see_other(f"/destruction/{batch_id}#witnesses")


@router.post("/destruction/{batch_id}/witnesses/{person_id}/dismissal")
async def dismiss(visit: VisitDep, batch_id: UUID, person_id: UUID) -> Response:
    await visit.api.send("DELETE", f"{API}/{batch_id}/witnesses/{person_id}")
    return see_other(f"/destruction/{batch_id}#witnesses")
