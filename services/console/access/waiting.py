"""What waits for one's signature."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=2000)]


@router.get("/access/waiting")
async def waiting(visit: VisitDep) -> Response:
    answer = await visit.api.get("/api/v1/access-requests/waiting")
    return visit.page("access-waiting.html", section="access", requests=answer["requests"])


@router.post("/access/requests/{request_id}/decision")
async def decide(visit: VisitDep, request_id: UUID, do: Text = "", reason: Text = "") -> Response:
    body = {"approves": do == "approve", "reason": reason.strip()}
    await visit.api.send("POST", f"/api/v1/access-requests/{request_id}/decision", json=body)
    return see_other(f"/access/requests/{request_id}")
