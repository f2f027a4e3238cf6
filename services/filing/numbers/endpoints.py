"""The register of numbers over HTTP: what was given out, what is set aside, what is void, and whether anything is missing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from services.filing import numbering
from services.filing.numbers import service
from services.filing.numbers.tables import NumberState, ReferenceNumber
from services.kernel import reach
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.policy import versions

router = APIRouter(prefix="/api/v1/filings", tags=["filing"])
Reason = Field(min_length=2, max_length=200, description="Says nothing about a person.")


class Reservation(BaseModel):
    type: str = Field(max_length=40)
    year: int = Field(ge=1900, le=2200)
    count: int = Field(1, ge=1, le=100)
    reason: str = Reason


class Void(BaseModel):
    code: str = Field(max_length=80)
    reason: str = Reason


class Use(BaseModel):
    code: str = Field(max_length=80)


@router.get("/numbers")
def numbers(
    kernel: KernelDep,
    series: str = Query(max_length=70),
    state: NumberState | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SIGN_OFF),
) -> dict[str, Any]:
    """One series of the register, in order."""
    query = select(ReferenceNumber).where(ReferenceNumber.series == series).order_by(ReferenceNumber.number).limit(limit + 1)
    if state is not None:
        query = query.where(ReferenceNumber.state == state)
    if cursor is not None:
        query = query.where(ReferenceNumber.number > paging.whole(cursor))
    with kernel.database.read() as session:
        rows, following = paging.page(session.scalars(query).all(), limit, key="number")
        return {"numbers": [_shown(row) for row in rows], "next": following}


@router.get("/numbers/gaps")
def gaps(kernel: KernelDep, principal: Principal = allow(Right.SIGN_OFF)) -> dict[str, Any]:
    """Each series with how many of its numbers stand in each state, and those that nothing explains (连续性)."""
    with kernel.database.read() as session:
        return {
            "series": [
                {"series": each.series, "last": each.last, "states": each.states, "unexplained": list(each.unexplained)}
                for each in service.audit(session)
            ]
        }


@router.post("/numbers/reservations", status_code=201)
def reserve(
    kernel: KernelDep,
    body: Reservation,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.SIGN_OFF),
) -> dict[str, Any]:
    """Sets the next numbers of a type and year aside."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            policy = versions.current(session).policy
            service.require_type(policy, body.type)
            series = numbering.series_of(kernel.settings.fonds, policy.type_of(body.type), body.year)
            entries = service.reserve(session, principal, series, body.count, body.reason, request=request)
            return {"numbers": [_shown(entry) for entry in entries]}

        return idempotency.once(session, principal, "numbers", key, body.model_dump(), create)


@router.post("/numbers/voids")
def void(kernel: KernelDep, body: Void, request: RequestId, principal: Principal = allow(Right.SIGN_OFF)) -> dict[str, Any]:
    """Says why a reserved number will never be used."""
    with kernel.database.write() as session:
        return _shown(service.void(session, principal, body.code, body.reason, request=request))


@router.post("/items/{item_id}/number")
def use(
    kernel: KernelDep, item_id: str, body: Use, request: RequestId, principal: Principal = allow(Right.SIGN_OFF)
) -> dict[str, Any]:
    """Gives a reserved number to an item that has but a draft."""
    with kernel.database.write() as session:
        item = reach.item_for(session, principal, item_id)
        service.use(session, principal, item, body.code, request=request)
        return {"id": item.id, "reference_code": item.reference_code}


def _shown(entry: ReferenceNumber) -> dict[str, Any]:
    return {
        "code": entry.code,
        "series": entry.series,
        "number": entry.number,
        "state": entry.state,
        "item_id": entry.item_id,
        "reason": entry.reason,
        "by": entry.by_id,
        "at": entry.at.isoformat(),
    }
