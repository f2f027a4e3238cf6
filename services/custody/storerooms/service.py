"""Rooms and their readings: entered by hand or out of a data logger, held against the ranges, missed when they stay away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.custody.storerooms.tables import RoomReading, StoreRoom
from services.kernel import notices
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE, take_turn
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import versions
from services.kernel.policy.model import Range

AHEAD = timedelta(minutes=10)
"""How far a logger's clock may be before ours."""


@dataclass(frozen=True, slots=True)
class Reading:
    """°C and percent."""

    at: datetime
    temperature: float
    humidity: float
    note: str | None = None


def add(
    session: Session,
    actor: Principal,
    name: str,
    *,
    temperature: Range | None,
    humidity: Range | None,
    request: str | None,
) -> StoreRoom:
    take_turn(session, "store-rooms")
    if session.scalar(select(StoreRoom.id).where(StoreRoom.name == name)):
        raise Conflict("There is a room of this name. Choose another, or enter readings for that one.")
    for low, high in (temperature or (0, 0), humidity or (0, 0)):
        if low > high:
            raise InvalidInput("A range begins with its lower end. Exchange the two.")
    room = StoreRoom(name=name, by_id=actor.person_id)
    room.temperature_low, room.temperature_high = temperature or (None, None)
    room.humidity_low, room.humidity_high = humidity or (None, None)
    session.add(room)
    session.flush()
    journal.append(session, "room.add", actor=actor.person_id, request=request, room=room.id)
    return room


def close(session: Session, actor: Principal, room_id: str, *, request: str | None) -> StoreRoom:
    """Nothing is kept there any more: no reading of it is missed."""
    room = _room(session, room_id)
    room.active = False
    journal.append(session, "room.close", actor=actor.person_id, request=request, room=room.id)
    return room


def enter(
    session: Session, actor: Principal, room_id: str, readings: Sequence[Reading], *, request: str | None
) -> list[RoomReading]:
    """Adds readings; one out of range is told to the other archivists. Raises ``Conflict`` for a moment that has one."""
    room = _room(session, room_id)
    if not room.active:
        raise Conflict("This room is given up. Enter the reading for the room that is used now.")
    if any(each.at > now() + AHEAD for each in readings):
        raise InvalidInput("A reading is entered once it was taken. Correct its time, or the logger's clock.")
    moments = [each.at for each in readings]
    taken = session.scalar(select(RoomReading.at).where(RoomReading.room_id == room.id, RoomReading.at.in_(moments)).limit(1))
    if taken or len(set(moments)) < len(moments):
        raise Conflict(f"There is a reading of {taken or 'one moment twice'} already; readings are never changed.")
    temperature, humidity = ranges(session, room)
    rows = [
        RoomReading(
            room_id=room.id,
            at=each.at,
            temperature=each.temperature,
            humidity=each.humidity,
            within=_in(each.temperature, temperature) and _in(each.humidity, humidity),
            note=each.note,
            by_id=actor.person_id,
        )
        for each in readings
    ]
    session.add_all(rows)
    room.reminded_at = None
    outside = [row for row in rows if not row.within]
    if outside:
        others = [each for each in notices.holders(session, [Role.ARCHIVIST]) if each != actor.person_id]
        notices.notify(session, others, "room.out-of-range", "room", room.id, name=room.name)
    journal.append(
        session,
        "room.read",
        actor=actor.person_id,
        request=request,
        result="out-of-range" if outside else "ok",
        room=room.id,
        readings=len(rows),
        outside=len(outside),
    )
    return rows


def ranges(session: Session, room: StoreRoom) -> tuple[Range, Range]:
    """Temperature and humidity as they should be in this room."""
    policy = versions.current(session).policy.custody
    return (
        _own(room.temperature_low, room.temperature_high) or policy.temperature,
        _own(room.humidity_low, room.humidity_high) or policy.humidity,
    )


def latest(session: Session, room: StoreRoom) -> RoomReading | None:
    return session.scalar(select(RoomReading).where(RoomReading.room_id == room.id).order_by(RoomReading.at.desc()).limit(1))


def is_overdue(session: Session, room: StoreRoom) -> bool:
    """Whether nobody has read it for longer than policy says."""
    hours = versions.current(session).policy.custody.reading_hours
    last = session.scalar(select(func.max(RoomReading.at)).where(RoomReading.room_id == room.id))
    return room.active and (last or room.at) < now() - timedelta(hours=hours)


def remind(database: Database) -> None:
    """Tells the archivists of rooms that nobody has read, once until somebody has."""
    with database.write() as session:
        unread = select(StoreRoom).where(StoreRoom.active, StoreRoom.reminded_at.is_(None)).with_for_update(**TO_CHANGE)
        for room in session.scalars(unread).all():
            if is_overdue(session, room):
                room.reminded_at = now()
                people = notices.holders(session, [Role.ARCHIVIST])
                notices.notify(session, people, "room.unread", "room", room.id, name=room.name)


def _room(session: Session, room_id: str) -> StoreRoom:
    room = session.get(StoreRoom, room_id, with_for_update=TO_CHANGE)
    if room is None:
        raise NotFound("There is no such room. List the rooms to find it.")
    return room


def _own(low: float | None, high: float | None) -> Range | None:
    return None if low is None or high is None else (low, high)


def _in(value: float, wanted: Range) -> bool:
    return wanted[0] <= value <= wanted[1]
