"""Inspections by plan over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from services.custody.inspections import service
from services.custody.inspections.service import Point
from services.custody.inspections.tables import CustodyInspection, CustodyPlan
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/custody", tags=["custody"])
PointName = Annotated[str, Field(min_length=1, max_length=80)]


class NewPlan(BaseModel):
    title: str = Field(min_length=2, max_length=120)
    points: list[PointName] = Field(min_length=1, max_length=50)
    every_days: int = Field(ge=1, le=3660)
    first_on: date | None = Field(None, description="Today when unset.")
    room_id: str | None = Field(None, max_length=36)


class FoundPoint(BaseModel):
    point: PointName
    ok: bool
    note: str = Field("", max_length=1000, description="What is wrong: by numbers, not by names of people.")


class NewInspection(BaseModel):
    inspected_on: date | None = Field(None, description="Today when unset.")
    points: list[FoundPoint] = Field(min_length=1, max_length=50)


class Mending(BaseModel):
    text: str = Field(min_length=2, max_length=4000)


@router.post("/plans", status_code=201)
def plan(
    kernel: KernelDep, body: NewPlan, request: RequestId, key: IdempotencyKey = None, principal: Principal = allow(Right.KEEP)
) -> dict[str, Any]:
    """Plans that something is looked at regularly."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            return _plan(service.plan(session, principal, **body.model_dump(), request=request))

        return idempotency.once(session, principal, "plans", key, body.model_dump(), create)


@router.get("/plans")
def plans(kernel: KernelDep, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    """The plans that hold, the one due first in front."""
    query = select(CustodyPlan).where(CustodyPlan.active).order_by(CustodyPlan.next_on, CustodyPlan.id)
    with kernel.database.read() as session:
        return {"plans": [_plan(row) for row in session.scalars(query)]}


@router.post("/plans/{plan_id}/end")
def end(kernel: KernelDep, plan_id: str, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, Any]:
    """Ends a plan."""
    with kernel.database.write() as session:
        return _plan(service.end(session, principal, plan_id, request=request))


@router.post("/plans/{plan_id}/inspections", status_code=201)
def enter(
    kernel: KernelDep,
    plan_id: str,
    body: NewInspection,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.KEEP),
) -> dict[str, Any]:
    """Enters what was found on each point."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            found = [Point(**each.model_dump()) for each in body.points]
            on = body.inspected_on or service.today()
            return _inspection(service.enter(session, principal, plan_id, found, inspected_on=on, request=request))

        return idempotency.once(session, principal, f"inspections {plan_id}", key, body.model_dump(mode="json"), create)


@router.get("/inspections")
def inspections(
    kernel: KernelDep,
    open: bool = False,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Inspections, newest first: all, or those of which something is still to be mended."""
    query = select(CustodyInspection)
    if open:
        query = query.where(CustodyInspection.settled_at.is_(None))
    with kernel.database.read() as session:
        rows, following = paging.newest(session, query, CustodyInspection.id, cursor, limit)
        return {"inspections": [_inspection(row) for row in rows], "next": following}


@router.post("/inspections/{inspection_id}/settlement")
def settle(
    kernel: KernelDep, inspection_id: str, body: Mending, request: RequestId, principal: Principal = allow(Right.KEEP)
) -> dict[str, Any]:
    """Says how it was mended."""
    with kernel.database.write() as session:
        return _inspection(service.settle(session, principal, inspection_id, body.text, request=request))


def _plan(row: CustodyPlan) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "room_id": row.room_id,
        "every_days": row.every_days,
        "points": row.points,
        "next_on": row.next_on.isoformat(),
        "overdue": row.active and row.next_on < service.today(),
        "active": row.active,
    }


def _inspection(row: CustodyInspection) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "plan_id": row.plan_id,
        "inspected_on": row.inspected_on.isoformat(),
        "points": row.points,
        "by": row.by_id,
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        "settlement": row.settlement,
    }
