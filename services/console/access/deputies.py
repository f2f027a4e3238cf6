"""Deputies: whom one has asked to decide in one's place, and until when."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.console.present import OFFICE
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=2000)]
DECIDE = ("department_head", "company_leader", "archivist")


@router.get("/access/deputies")
async def deputies(visit: VisitDep) -> Response:
    given = await visit.api.get("/api/v1/delegations")
    takers = await visit.api.get("/api/v1/delegations/takers")
    roles = [role for role in (visit.me or {}).get("roles", []) if role in DECIDE]
    page = {"delegations": given["delegations"], "takers": takers["people"], "roles": roles}
    return visit.page("access-deputies.html", section="access", **page)


@router.post("/access/deputies")
async def give(visit: VisitDep, taker_id: Text = "", role: Text = "", until: Text = "", reason: Text = "") -> Response:
    """``until`` is a day; it ends with it."""
    try:
        end = datetime.combine(datetime.fromisoformat(until).date(), time(23, 59, 59), OFFICE).isoformat()
    except ValueError:
        end = until
    body = {"taker_id": taker_id, "role": role, "until": end, "reason": reason}
    await visit.api.send("POST", "/api/v1/delegations", json=body)
    return see_other("/access/deputies")


@router.post("/access/deputies/{delegation_id}/revocation")
async def revoke(visit: VisitDep, delegation_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/delegations/{delegation_id}/revocation")
    return see_other("/access/deputies")
