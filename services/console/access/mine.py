"""What one has asked for, may open, has borrowed and was told; and asking for an item."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=2000)]
NOTICES = 20


@router.get("/access")
async def mine(visit: VisitDep) -> Response:
    requests = await visit.api.get("/api/v1/access-requests")
    grants = await visit.api.get("/api/v1/grants", {"live": True})
    loans = await visit.api.get("/api/v1/loans", {"state": "out"})
    notices = await visit.api.get("/api/v1/notices", {"limit": NOTICES, "unread": True})
    return visit.page(
        "access.html",
        section="access",
        requests=requests["requests"],
        grants=grants["grants"],
        loans=loans["loans"],
        notices=notices["notices"],
        unread=notices["unread"],
    )


@router.post("/access/requests")
async def ask(
    visit: VisitDep,
    item_id: Text = "",
    kind: Text = "read",
    purpose: Text = "",
    days: Text = "",
    copies: Text = "1",
    masked: Text = "",
) -> Response:
    """Asks for one item, from its page."""
    body = {"kind": kind, "item_ids": [item_id], "purpose": purpose.strip(), "days": days or None, "copies": copies or 1}
    body["masked"] = bool(masked)
    made = await visit.api.send("POST", "/api/v1/access-requests", json=body)
    return see_other(f"/access/requests/{made.json()['id']}")


@router.get("/access/requests/{request_id}")
async def request(visit: VisitDep, request_id: UUID) -> Response:
    asked = await visit.api.get(f"/api/v1/access-requests/{request_id}")
    answer = None
    if asked["kind"] == "consult" and asked["state"] == "granted" and visit.me and asked["person"]["id"] == visit.me["id"]:
        answer = (await visit.api.get(f"/api/v1/access-requests/{request_id}/consultation"))["items"]
    return visit.page("access-request.html", section="access", asked=asked, answer=answer)


@router.post("/access/requests/{request_id}/withdrawal")
async def withdraw(visit: VisitDep, request_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/access-requests/{request_id}/withdrawal")
    return see_other(f"/access/requests/{request_id}")


@router.post("/access/grants/{grant_id}/revocation")
async def give_back(visit: VisitDep, grant_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/grants/{grant_id}/revocation")
    return see_other("/access")


@router.post("/access/notices/{notice_id}/receipt")
async def receive(visit: VisitDep, notice_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/notices/{notice_id}/receipt")
    return see_other("/access#notices")
