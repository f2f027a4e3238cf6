"""Rewards and violations over HTTP. There is no way to change or remove a record."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.access.conduct import service
from services.access.conduct.service import Entry
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/conduct-records", tags=["access"])


class NewRecord(BaseModel):
    person_id: str = Field(max_length=36)
    kind: Literal["reward", "violation"]
    cause: str = Field(pattern=r"^[a-z][a-z-]{1,38}$", description="A code, such as private-copy.")
    text: str = Field(min_length=2, max_length=4000)
    item_id: str | None = Field(None, max_length=36)
    amends: str | None = Field(None, max_length=36)


@router.post("", status_code=201)
def enter(
    kernel: KernelDep,
    body: NewRecord,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.CONDUCT),
) -> dict[str, Any]:
    """Enters a reward or a violation."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            record = service.enter(session, kernel.vault, principal, Entry(**body.model_dump()), request=request)
            return {"id": record.id}

        return idempotency.once(session, principal, "conduct-records", key, body.model_dump(), create)


@router.get("")
def list_records(
    kernel: KernelDep, limit: paging.Limit = 50, cursor: paging.Cursor = None, principal: Principal = allow(Right.SELF)
) -> dict[str, Any]:
    """One's own, those of one's department for its head, everyone's for archivist, leader and auditor; newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.records(session, principal, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"records": [service.shown(session, kernel.vault, row) for row in page], "next": following}


@router.get("/people")
def people(kernel: KernelDep, principal: Principal = allow(Right.CONDUCT)) -> dict[str, Any]:
    """Whose conduct one may record: one's department's for its head, everyone's for archivist and leader."""
    with kernel.database.read() as session:
        found = service.people(session, principal)
        return {"people": [{"id": each.id, "name": each.name, "department": each.department} for each in found]}
