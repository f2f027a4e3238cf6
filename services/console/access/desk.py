"""The desk: paper handed out and taken back, copies made, what was lost or damaged."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=2000)]
CONDITIONS = ("good", "worn", "damaged", "incomplete")


@router.get("/access/desk")
async def desk(visit: VisitDep) -> Response:
    """Live grants to borrow and to copy, what is out, and open incidents."""
    everyone = {"mine": False}
    grants, loans, copies, incidents = await asyncio.gather(
        visit.api.get("/api/v1/grants", everyone | {"live": True, "limit": 200}),
        visit.api.get("/api/v1/loans", everyone | {"state": "out", "limit": 200}),
        visit.api.get("/api/v1/copies", everyone | {"state": "out", "limit": 200}),
        visit.api.get("/api/v1/incidents"),
    )
    out = {(loan["grant_id"], loan["item_id"]) for loan in loans["loans"]}
    return visit.page(
        "access-desk.html",
        section="access",
        grants=[grant for grant in grants["grants"] if grant["kind"] in ("loan", "copy")],
        loans=loans["loans"],
        copies=copies["copies"],
        incidents=incidents["incidents"],
        out=out,
        conditions=CONDITIONS,
    )


@router.post("/access/loans")
async def hand_out(visit: VisitDep, grant_id: Text = "", item_id: Text = "", condition: Text = "good") -> Response:
    body = {"grant_id": grant_id, "item_id": item_id, "condition": condition}
    await visit.api.send("POST", "/api/v1/loans", json=body)
    return see_other("/access/desk#loans")


@router.post("/access/loans/{loan_id}/end")
async def take_back(visit: VisitDep, loan_id: UUID, condition: Text = "good", text: Text = "") -> Response:
    """``condition`` may be ``lost``."""
    if condition == "lost":
        await visit.api.send("POST", f"/api/v1/loans/{loan_id}/loss", json={"text": text})
    else:
        await visit.api.send("POST", f"/api/v1/loans/{loan_id}/return", json={"condition": condition, "text": text})
    return see_other("/access/desk#loans")


@router.post("/access/copies")
async def copy(visit: VisitDep, grant_id: Text = "", item_id: Text = "", form: Text = "paper") -> Response:
    await visit.api.send("POST", "/api/v1/copies", json={"grant_id": grant_id, "item_id": item_id, "form": form})
    return see_other("/access/desk#copies")


@router.post("/access/copies/{copy_id}/end")
async def end(visit: VisitDep, copy_id: UUID, state: Text = "returned", text: Text = "") -> Response:
    await visit.api.send("POST", f"/api/v1/copies/{copy_id}/end", json={"state": state, "text": text})
    return see_other("/access/desk#copies")


@router.post("/access/incidents/{incident_id}/settlement")
async def settle(visit: VisitDep, incident_id: UUID, outcome: Text = "", text: Text = "") -> Response:
    await visit.api.send("POST", f"/api/v1/incidents/{incident_id}/settlement", json={"outcome": outcome, "text": text})
    return see_other("/access/desk#incidents")
