"""What those do who sign, are told, object or witness."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from services.console.destruction.batches import API, Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.post("/destruction/{batch_id}/decision")
async def decide(visit: VisitDep, batch_id: UUID, do: Text = "", reason: Text = "") -> Response:
    body = {"approves": do == "approve", "reason": reason.strip()}
    await visit.api.send("POST", f"{API}/{batch_id}/decision", json=body)
    return see_other(f"/destruction/{batch_id}")


@router.post("/destruction/{batch_id}/receipts")
async def receive(visit: VisitDep, batch_id: UUID, department: Text = "") -> Response:
    await visit.api.send("POST", f"{API}/{batch_id}/receipts", json={"department": department})
    return see_other(f"/destruction/{batch_id}#notices")


@router.post("/destruction/{batch_id}/objections")
async def object_to(visit: VisitDep, batch_id: UUID, item_id: Text = "", reason: Text = "") -> Response:
    body = {"item_id": item_id or None, "reason": reason}
    await visit.api.send("POST", f"{API}/{batch_id}/objections", json=body)
    return see_other(f"/destruction/{batch_id}#objections")


@router.post("/destruction/{batch_id}/objections/{objection_id}/answer")
async def answer(visit: VisitDep, batch_id: UUID, objection_id: UUID, do: Text = "", text: Text = "") -> Response:
    body = {"upheld": do == "uphold", "text": text}
    await visit.api.send("POST", f"{API}/{batch_id}/objections/{objection_id}/answer", json=body)
    return see_other(f"/destruction/{batch_id}#objections")


@router.post("/destruction/{batch_id}/counts")
async def count(visit: VisitDep, batch_id: UUID, items: Text = "", pages: Text = "") -> Response:
    await visit.api.send("POST", f"{API}/{batch_id}/counts", json={"items": items, "pages": pages})
    return see_other(f"/destruction/{batch_id}#witnesses")


@router.post("/destruction/{batch_id}/signature")
async def sign(visit: VisitDep, batch_id: UUID, items: Text = "") -> Response:
    await visit.api.send("POST", f"{API}/{batch_id}/signature", json={"items": items})
    return see_other(f"/destruction/{batch_id}#witnesses")
