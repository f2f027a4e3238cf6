"""保留（冻结）: placed by one, released by another."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Response

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=2000)]
CRITERIA = ("type", "business_type", "department", "reference_code")


@router.get("/retention/holds")
async def holds(visit: VisitDep) -> Response:
    return await _page(visit)


@router.post("/retention/holds")
async def place(
    visit: VisitDep,
    scope: Text = "",
    target: Text = "",
    type: Text = "",
    business_type: Text = "",
    department: Text = "",
    reference_code: Text = "",
    reason: Text = "",
    remind_on: Text = "",
) -> Response:
    query = dict(zip(CRITERIA, (type, business_type, department, reference_code), strict=True))
    on = {
        "item": {"item_ids": target.split()},
        "file": {"file_id": target.strip()},
        "party": {"party_id": target.strip()},
        "query": {"query": {name: value.strip() for name, value in query.items() if value.strip()}},
    }.get(scope, {})
    typed = {"scope": scope, "target": target, "reason": reason, "remind_on": remind_on} | query
    try:
        await visit.api.send("POST", "/api/v1/holds", json=on | {"reason": reason, "remind_on": remind_on or None})
    except Refusal as refusal:
        if refusal.status not in (404, 422):
            raise
        return await _page(visit, refusal, typed)
    return see_other("/retention/holds")


@router.post("/retention/holds/{hold_id}/release")
async def release(visit: VisitDep, hold_id: UUID, reason: Text = "") -> Response:
    await visit.api.send("POST", f"/api/v1/holds/{hold_id}/release", json={"reason": reason})
    return see_other("/retention/holds")


@router.post("/retention/holds/{hold_id}/release-request")
async def ask_release(visit: VisitDep, hold_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/holds/{hold_id}/release-request")
    return see_other(f"/retention/holds#{hold_id}")


@router.post("/retention/holds/{hold_id}/reminder")
async def remind_later(visit: VisitDep, hold_id: UUID, remind_on: Text = "") -> Response:
    await visit.api.send("PUT", f"/api/v1/holds/{hold_id}/reminder", json={"remind_on": remind_on or None})
    return see_other(f"/retention/holds#{hold_id}")


async def _page(visit: Visit, refusal: Refusal | None = None, typed: dict[str, str] | None = None) -> Response:
    given = visit.request.query_params
    asked = {"live": "all" not in given} | ({"cursor": given["cursor"]} if given.get("cursor") else {})
    told = await visit.api.get("/api/v1/holds", asked)
    more = {"cursor": told["next"]} | ({"all": "1"} if "all" in given else {})
    wrong = [("reason" if "reason" in (refusal.fields or []) else "scope", visit.words("hold.wrong"))] if refusal else []
    return visit.page(
        "retention-holds.html",
        status=422 if refusal else 200,
        section="retention",
        holds=told["holds"],
        following=f"/retention/holds?{urlencode(more)}" if told["next"] else None,
        everything="all" in given,
        typed=typed or {"scope": given.get("scope", "item"), "target": given.get("target", "")},
        errors=wrong,
    )
