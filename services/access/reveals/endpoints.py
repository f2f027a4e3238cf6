"""Uncovering single values over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.access.reveals import service
from services.access.service import Asker
from services.access.showing import showing
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1", tags=["access"])


class Reveal(BaseModel):
    reason: str = Field(min_length=2, max_length=1000, description="What the value is needed for.")


@router.post("/items/{item_id}/fields/{field_id}/reveal")
def reveal(
    kernel: KernelDep,
    item_id: str,
    field_id: str,
    body: Reveal,
    request: RequestId,
    principal: Principal = allow(Right.SEARCH),
) -> dict[str, Any]:
    """One value, whole. It is on the ledger before it is shown, with who uncovered it on what ground; the reason is kept beside
    it. ``field_id`` is the ``id`` of a field of the item's entry."""
    asker = Asker(principal, request)
    with showing(kernel, asker, service.ACT, item_id, field=field_id) as session:
        return service.reveal(session, kernel.vault, asker, item_id, field_id, body.reason)


@router.get("/reveals")
def reveals(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """The register of uncovered values, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.reveals(session, kernel.vault, after=after, limit=limit + 1)
    following = paging.encode(rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"reveals": rows[:limit], "next": following}
