"""Why an item is due or is not, what was recorded of it, and what holds it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other
from services.console.words import Words

router = page_router()
Text = Annotated[str, Form(max_length=2000)]


@router.get("/retention/items/{item_id}")
async def item(visit: VisitDep, item_id: UUID) -> Response:
    files, holder = visit.may("file"), visit.may("hold")
    shown, why, events, triggers, holds = await asyncio.gather(
        visit.api.get(f"/api/v1/items/{item_id}"),
        visit.api.get(f"/api/v1/retention/items/{item_id}"),
        visit.api.get("/api/v1/retention/events", {"item": str(item_id)}) if files else _nothing("events"),
        visit.api.get("/api/v1/retention/triggers") if files else _nothing("triggers"),
        visit.api.get("/api/v1/holds", {"item": str(item_id)}) if holder else _nothing("holds"),
    )
    return visit.page(
        "retention-item.html",
        section="retention" if visit.may("registers") or holder else "",
        item=shown,
        why=why,
        reasons=[told(visit.words, reason) for reason in why["reasons"]],
        events=events["events"],
        triggers=triggers["triggers"],
        holds=holds["holds"],
    )


@router.post("/retention/items/{item_id}/events")
async def record(visit: VisitDep, item_id: UUID, name: Text = "", day: Text = "", note: Text = "") -> Response:
    body = {"name": name, "day": day, "note": note or None, "item_ids": [str(item_id)]}
    await visit.api.send("POST", "/api/v1/retention/events", json=body)
    return see_other(f"/retention/items/{item_id}#events")


@router.post("/retention/items/{item_id}/events/{event_id}/withdrawal")
async def withdraw(visit: VisitDep, item_id: UUID, event_id: UUID, reason: Text = "") -> Response:
    await visit.api.send("POST", f"/api/v1/retention/events/{event_id}/withdrawal", json={"reason": reason})
    return see_other(f"/retention/items/{item_id}#events")


def told(words: Words, reason: dict[str, Any]) -> str:
    """A reason in the reader's language; the API's own English where the catalogue is older than the code."""
    named = {
        name: words.name({"trigger": "trigger", "retention": "retention-class"}.get(name, "as-it-is"), str(value))
        for name, value in reason.items()
        if name not in ("code", "text")
    }
    known = words.texts.get(f"reason.{reason['code']}")
    return known.format(**named) if known else str(reason["text"])


async def _nothing(name: str) -> dict[str, Any]:
    return {name: []}
