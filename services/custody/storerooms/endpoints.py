"""Store rooms over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from services.custody.storerooms import service
from services.custody.storerooms.service import Reading
from services.custody.storerooms.tables import RoomReading, StoreRoom
from services.kernel.clock import now
from services.kernel.errors import NotFound
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/custody/rooms", tags=["custody"])
Degrees = Annotated[float, Field(ge=-60, le=80, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class NewRoom(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    temperature: tuple[Degrees, Degrees] | None = Field(None, description="°C; policy's range when unset.")
    humidity: tuple[Percent, Percent] | None = Field(None, description="Percent; policy's range when unset.")


class NewReading(BaseModel):
    at: AwareDatetime | None = Field(None, description="Now when unset.")
    temperature: Degrees
    humidity: Percent
    note: str | None = Field(None, max_length=500, description="What was done about it.")


class NewReadings(BaseModel):
    readings: list[NewReading] = Field(min_length=1, max_length=1000)


@router.post("", status_code=201)
def add(
    kernel: KernelDep, body: NewRoom, request: RequestId, key: IdempotencyKey = None, principal: Principal = allow(Right.KEEP)
) -> dict[str, Any]:
    """Enters a room that paper is kept in."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            ranges = {"temperature": body.temperature, "humidity": body.humidity}
            return {"id": service.add(session, principal, body.name, **ranges, request=request).id}

        return idempotency.once(session, principal, "rooms", key, body.model_dump(), create)


@router.get("")
def rooms(kernel: KernelDep, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    """The rooms with what they should have, what they were last read to have, and whether a reading is overdue."""
    with kernel.database.read() as session:
        shown = []
        for room in session.scalars(select(StoreRoom).order_by(StoreRoom.active.desc(), StoreRoom.name)):
            temperature, humidity = service.ranges(session, room)
            last = service.latest(session, room)
            shown.append(
                {
                    "id": room.id,
                    "name": room.name,
                    "active": room.active,
                    "temperature": temperature,
                    "humidity": humidity,
                    "latest": _shown(last) if last else None,
                    "overdue": service.is_overdue(session, room),
                }
            )
        return {"rooms": shown}


@router.post("/{room_id}/closure")
def close(kernel: KernelDep, room_id: str, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, Any]:
    """Gives a room up; its readings stay."""
    with kernel.database.write() as session:
        room = service.close(session, principal, room_id, request=request)
        return {"id": room.id, "active": room.active}


@router.post("/{room_id}/readings", status_code=201)
def enter(
    kernel: KernelDep,
    room_id: str,
    body: NewReadings,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.KEEP),
) -> dict[str, Any]:
    """Enters readings, by hand or out of a data logger."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            given = [Reading(each.at or now(), each.temperature, each.humidity, each.note) for each in body.readings]
            rows = service.enter(session, principal, room_id, given, request=request)
            return {"readings": len(rows), "outside": sum(not row.within for row in rows)}

        return idempotency.once(session, principal, f"readings {room_id}", key, body.model_dump(mode="json"), create)


@router.get("/{room_id}/readings")
def readings(
    kernel: KernelDep,
    room_id: str,
    before: datetime | None = None,
    outside: bool = False,
    limit: paging.Limit = 50,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Readings of a room, latest first: all, or those out of range. ``before`` is the moment of the last one of the page
    before."""
    query = select(RoomReading).where(RoomReading.room_id == room_id).order_by(RoomReading.at.desc()).limit(limit)
    if before is not None:
        query = query.where(RoomReading.at < (before if before.tzinfo else before.astimezone()))
    if outside:
        query = query.where(RoomReading.within.is_(False))
    with kernel.database.read() as session:
        if session.get(StoreRoom, room_id) is None:
            raise NotFound("There is no such room. List the rooms to find it.")
        return {"readings": [_shown(row) for row in session.scalars(query)]}


def _shown(row: RoomReading) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        "temperature": row.temperature,
        "humidity": row.humidity,
        "within": row.within,
        "note": row.note,
        "by": row.by_id,
    }
