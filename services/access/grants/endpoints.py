"""Grants over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from services.access.grants import service
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/grants", tags=["access"])


@router.get("")
def list_grants(
    kernel: KernelDep,
    mine: bool = True,
    live: bool = False,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """One's own grants, newest first; with ``mine=false`` everyone's, for those who keep the registers."""
    owner = principal.person_id if mine or not principal.may(Right.REGISTERS) else None
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.grants(session, person_id=owner, live=live, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"grants": [service.shown(session, principal, row) for row in page], "next": following}


@router.get("/{grant_id}")
def grant(kernel: KernelDep, grant_id: str, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """The grant, and which of its items are open at this moment."""
    with kernel.database.read() as session:
        return service.shown(session, principal, service.known(session, principal, grant_id))


@router.post("/{grant_id}/revocation")
def revoke(kernel: KernelDep, grant_id: str, request: RequestId, principal: Principal = allow(Right.ASK)) -> dict[str, Any]:
    """Ends the grant now; what is open under it closes."""
    with kernel.database.write() as session:
        found = service.known(session, principal, grant_id, to_change=True)
        service.revoke(session, principal, found, request=request)
        return service.shown(session, principal, found)
