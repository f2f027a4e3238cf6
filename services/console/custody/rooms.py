"""库房温湿度: rooms, what their hygrometers say, and entering a reading."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=500)]
UNPROCESSABLE = 422


@router.get("/custody/rooms")
async def rooms(visit: VisitDep) -> Response:
    return await _page(visit)


@router.post("/custody/rooms")
async def add(visit: VisitDep, name: Text = "") -> Response:
    return await _send(visit, "/api/v1/custody/rooms", {"name": name})


@router.post("/custody/rooms/{room_id}/readings")
async def enter(visit: VisitDep, room_id: UUID, temperature: Text = "", humidity: Text = "", note: Text = "") -> Response:
    reading = {"temperature": temperature, "humidity": humidity, "note": note or None}
    return await _send(visit, f"/api/v1/custody/rooms/{room_id}/readings", {"readings": [reading]})


@router.post("/custody/rooms/{room_id}/closure")
async def close(visit: VisitDep, room_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/custody/rooms/{room_id}/closure")
    return see_other("/custody/rooms")


async def _send(visit: Visit, path: str, body: dict[str, object]) -> Response:
    try:
        await visit.api.send("POST", path, json=body)
    except Refusal as refusal:
        if refusal.status != UNPROCESSABLE:
            raise
        return await _page(visit, refusal)
    return see_other("/custody/rooms")


async def _page(visit: Visit, refusal: Refusal | None = None) -> Response:
    told = (await visit.api.get("/api/v1/custody/rooms"))["rooms"]
    chosen = visit.request.query_params.get("room")
    named = next((room for room in told if room["id"] == chosen), None)
    readings = (await visit.api.get(f"/api/v1/custody/rooms/{chosen}/readings"))["readings"] if named else []
    errors = [(None, visit.words("custody.wrong-reading"))] if refusal else []
    status = UNPROCESSABLE if refusal else 200
    return visit.page(
        "custody-rooms.html", status=status, section="custody", rooms=told, named=named, readings=readings, errors=errors
    )
