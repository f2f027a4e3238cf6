"""Inspections over HTTP: entered and settled by leaders, answered by whoever keeps the archive, seen by these and the
auditor."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.audit.inspections import service
from services.audit.inspections.service import Finding
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/audit/inspections", tags=["audit"])


class NewInspection(BaseModel):
    """Findings name people and items by their numbers, not by what they are called."""

    inspected_on: date
    scope: str = Field(min_length=2, max_length=1000)
    findings: str = Field(min_length=2, max_length=8000)
    due: date | None = Field(None, description="By when it is to be mended; none where all was in order.")
    item_ids: list[str] = Field([], max_length=200)


class Answer(BaseModel):
    text: str = Field(min_length=2, max_length=4000)


class Settlement(BaseModel):
    accepted: bool
    text: str = Field("", max_length=4000)


@router.post("", status_code=201)
def enter(
    kernel: KernelDep,
    body: NewInspection,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.OVERSEE),
) -> dict[str, Any]:
    """Enters an inspection that was made."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            row = service.enter(session, principal, Finding(**body.model_dump()), request=request)
            return {"id": row.id, "number": row.number}

        return idempotency.once(session, principal, "inspections", key, body.model_dump(), create)


@router.get("")
def list_inspections(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Inspections, newest first, and whether the next is overdue."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows, following = paging.page(service.inspections(session, after=after, limit=limit + 1), limit)
        shown = [service.shown(session, row) for row in rows]
        return {"inspections": shown, "standing": service.standing(session), "next": following}


@router.post("/{inspection_id}/answer")
def answer(
    kernel: KernelDep, inspection_id: str, body: Answer, request: RequestId, principal: Principal = allow(Right.KEEP)
) -> dict[str, Any]:
    """Says what was done about what was found."""
    with kernel.database.write() as session:
        return service.shown(session, service.answer(session, principal, inspection_id, body.text, request=request))


@router.post("/{inspection_id}/settlement")
def settle(
    kernel: KernelDep, inspection_id: str, body: Settlement, request: RequestId, principal: Principal = allow(Right.OVERSEE)
) -> dict[str, Any]:
    """Is content with the answer, or sends it back."""
    with kernel.database.write() as session:
        row = service.settle(session, principal, inspection_id, body.text, accepted=body.accepted, request=request)
        return service.shown(session, row)
