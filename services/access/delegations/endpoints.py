"""Delegations over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.access.delegations import service
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.model import Role

router = APIRouter(prefix="/api/v1/delegations", tags=["access"])


class NewDelegation(BaseModel):
    taker_id: str = Field(max_length=36)
    role: Role
    until: AwareDatetime
    reason: str = Field(min_length=2, max_length=400)


@router.post("", status_code=201)
def give(
    kernel: KernelDep,
    body: NewDelegation,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.DECIDE),
) -> dict[str, Any]:
    """Lets another person decide in one of one's own roles, for a while."""
    until: datetime = body.until
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            given = service.give(session, principal, body.taker_id, body.role, until, body.reason, request=request)
            return {"id": given.id, "until": given.until.isoformat()}

        return idempotency.once(session, principal, "delegations", key, body.model_dump(), create)


@router.get("")
def list_delegations(
    kernel: KernelDep, limit: paging.Limit = 50, cursor: paging.Cursor = None, principal: Principal = allow(Right.SELF)
) -> dict[str, Any]:
    """What one has given and taken, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.of(session, principal.person_id, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"delegations": [service.shown(session, row) for row in page], "next": following}


@router.get("/takers")
def takers(kernel: KernelDep, principal: Principal = allow(Right.DECIDE)) -> dict[str, Any]:
    """To whom one could delegate."""
    with kernel.database.read() as session:
        people = service.takers(session, principal)
        return {"people": [{"id": each.id, "name": each.name, "department": each.department} for each in people]}


@router.post("/{delegation_id}/revocation")
def revoke(
    kernel: KernelDep, delegation_id: str, request: RequestId, principal: Principal = allow(Right.DECIDE)
) -> dict[str, Any]:
    """Ends a delegation that one has given or taken."""
    with kernel.database.write() as session:
        return service.shown(session, service.revoke(session, principal, delegation_id, request=request))
