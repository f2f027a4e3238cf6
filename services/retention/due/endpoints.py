"""The due list over HTTP, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from services.kernel import reach
from services.kernel.core import Kernel
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.tables import Item
from services.retention.due import service
from services.retention.due.service import Narrowing

router = APIRouter(prefix="/api/v1/retention", tags=["retention"])
Code = Annotated[str | None, Query(max_length=80)]


def narrowing(retention: Code = None, department: Code = None, type: Code = None) -> Narrowing:
    return Narrowing(retention, department, type)


class Items(BaseModel):
    item_ids: list[Annotated[str, Field(max_length=36)]] = Field(min_length=1, max_length=reach.MOST)


@router.get("/classes")
def classes(kernel: KernelDep, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    """The classes of policy, with their triggers, periods and how many items follow each."""
    with kernel.database.read() as session:
        return {"classes": service.classes(session)}


@router.get("/due")
def due(
    kernel: KernelDep,
    request: RequestId,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    narrowed: Narrowing = Depends(narrowing),
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """The due list (到期清单): what may be appraised."""
    with kernel.database.write() as session:
        rows = service.due_items(session, narrowed, after=paging.decode(cursor) if cursor else None, limit=limit + 1)
        return _listed(session, kernel, principal, rows, limit, request=request, state="DUE")


@router.get("/reclassified")
def reclassified(
    kernel: KernelDep,
    request: RequestId,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    narrowed: Narrowing = Depends(narrowing),
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Items whose type asks for another class than their clock follows: none of them is due until somebody confirms it."""
    with kernel.database.write() as session:
        rows = service.reclassified_items(session, narrowed, after=paging.decode(cursor) if cursor else None, limit=limit + 1)
        return _listed(session, kernel, principal, rows, limit, request=request, what="reclassified")


def _listed(
    session: Session, kernel: Kernel, principal: Principal, rows: Sequence[Item], limit: int, *, request: str, **told: Any
) -> dict[str, Any]:
    """A page of items, on the ledger before it is shown."""
    page, following = paging.page(rows, limit)
    body = {"items": service.lines(session, kernel.vault, principal, page), "next": following}
    journal.append(session, "items.list", actor=principal.person_id, request=request, count=len(page), **told)
    return body


@router.post("/reclassified/confirmation")
def confirm(kernel: KernelDep, body: Items, request: RequestId, principal: Principal = allow(Right.APPRAISE)) -> dict[str, Any]:
    """Says that the clocks of these items follow the class of their present type."""
    with kernel.database.write() as session:
        items = reach.items_for(session, principal, body.item_ids, lock=False)
        service.confirm_classes(session, principal, items, request=request)
        return {"confirmed": len(items)}


@router.get("/items/{item_id}")
def item(kernel: KernelDep, item_id: str, request: RequestId, principal: Principal = allow(Right.SEARCH)) -> dict[str, Any]:
    """Why is this item due, or not due? Line by line."""
    with kernel.database.write() as session:
        (found,) = reach.items_for(session, principal, [item_id], lock=False)
        body = service.explained(session, found)
        journal.append(session, "retention.explain", actor=principal.person_id, item=found.id, request=request)
        return body
