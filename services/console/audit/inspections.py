"""检查: a leader enters an inspection, the archivist answers, the leader settles it; the auditor reads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Response

from services.console.api import Refusal
from services.console.present import OFFICE
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=8000)]


@router.get("/inspections")
async def inspections(visit: VisitDep) -> Response:
    return await _page(visit)


@router.post("/inspections")
async def enter(visit: VisitDep, inspected_on: Text = "", scope: Text = "", findings: Text = "", due: Text = "") -> Response:
    body = {"inspected_on": inspected_on, "scope": scope, "findings": findings, "due": due or None}
    try:
        await visit.api.send("POST", "/api/v1/audit/inspections", json=body)
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        return await _page(visit, refusal, body)
    return see_other("/inspections")


@router.post("/inspections/{inspection_id}/answer")
async def answer(visit: VisitDep, inspection_id: UUID, text: Text = "") -> Response:
    await visit.api.send("POST", f"/api/v1/audit/inspections/{inspection_id}/answer", json={"text": text})
    return see_other("/inspections")


@router.post("/inspections/{inspection_id}/settlement")
async def settle(visit: VisitDep, inspection_id: UUID, accepted: Text = "", text: Text = "") -> Response:
    body = {"accepted": accepted == "yes", "text": text}
    await visit.api.send("POST", f"/api/v1/audit/inspections/{inspection_id}/settlement", json=body)
    return see_other("/inspections")


async def _page(visit: Visit, refusal: Refusal | None = None, typed: dict[str, str | None] | None = None) -> Response:
    given = visit.request.query_params
    answer = await visit.api.get("/api/v1/audit/inspections", {"cursor": given["cursor"]} if given.get("cursor") else None)
    following = f"/inspections?{urlencode({'cursor': answer['next']})}" if answer["next"] else None
    wrong = refusal.fields or ["inspected_on"] if refusal else []
    errors = [(name, visit.words("inspection.wrong", field=visit.words(f"inspection.{name}"))) for name in wrong]
    return visit.page(
        "inspections.html",
        status=422 if refusal else 200,
        section="inspections",
        told=answer,
        following=following,
        typed=typed or {"inspected_on": str(datetime.now(OFFICE).date())},
        errors=errors,
    )
