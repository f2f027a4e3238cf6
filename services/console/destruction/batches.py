"""The list of batches, and one of them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Response

from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
API = "/api/v1/destruction-batches"
STATES = (
    *("DRAFT", "APPRAISED", "SUBMITTED", "APPROVED", "REJECTED", "NOTIFIED", "WITNESS_PRECHECKED", "EXECUTING"),
    *("PARTIAL_FAILED", "VERIFYING", "CLOSED", "CANCELLED"),
)
BEFORE = frozenset({"DRAFT", "APPRAISED", "SUBMITTED", "APPROVED", "NOTIFIED", "WITNESS_PRECHECKED"})
"""States in which nothing is destroyed yet."""
Text = Annotated[str, Form(max_length=1000)]


@router.get("/destruction")
async def batches(visit: VisitDep, state: str = "", cursor: str = "") -> Response:
    asked = {name: value for name, value in (("state", state), ("cursor", cursor)) if value}
    listed, waiting, methods = await asyncio.gather(
        visit.api.get(API, asked), visit.api.get(f"{API}/waiting"), visit.api.get(f"{API}/methods")
    )
    following = f"/destruction?{urlencode(asked | {'cursor': listed['next']})}" if listed["next"] else None
    return visit.page(
        "destruction.html",
        section="destruction",
        batches=listed["batches"],
        waiting=waiting["batches"],
        methods=methods["methods"],
        following=following,
        state=state,
        states=STATES,
    )


@router.post("/destruction")
async def open_batch(visit: VisitDep, title: Text = "", method: Text = "", paper_method: Text = "") -> Response:
    body = {"title": title, "method": method, "paper_method": paper_method or None}
    opened = (await visit.api.send("POST", API, json=body)).json()
    return see_other(f"/destruction/{opened['id']}")


@router.get("/destruction/{batch_id}")
async def batch(visit: VisitDep, batch_id: UUID, cursor: str = "") -> Response:
    page = {"limit": 100} | ({"cursor": cursor} if cursor else {})
    shown, lines, gate, people = await asyncio.gather(
        visit.api.get(f"{API}/{batch_id}"),
        visit.api.get(f"{API}/{batch_id}/lines", page),
        visit.api.get(f"{API}/{batch_id}/gate", {"limit": 1}),
        _candidates(visit, batch_id),
    )
    following = f"/destruction/{batch_id}?{urlencode({'cursor': lines['next']})}" if lines["next"] else None
    return visit.page(
        "destruction-batch.html",
        section="destruction",
        batch=shown,
        lines=lines["lines"],
        gate=gate["counts"],
        candidates=people,
        following=following,
        before=BEFORE,
        execution=None if shown["executed_by"] is None else await visit.api.get(f"{API}/{batch_id}/execution"),
    )


async def _candidates(visit: Visit, batch_id: UUID) -> list[dict[str, Any]]:
    if not visit.may("appraise"):
        return []
    answer = await visit.api.get(f"{API}/{batch_id}/witness-candidates")
    people: list[dict[str, Any]] = answer["people"]
    return people
