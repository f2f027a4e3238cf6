"""Copies and their register over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from services.access.copies import service
from services.access.copies.sheet import register_xlsx
from services.access.service import Asker
from services.access.showing import PRIVATE, MarkerDep, answer
from services.kernel.copies import CopyState, TrackedCopy
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import NotFound
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1/copies", tags=["access"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class NewCopy(BaseModel):
    grant_id: str = Field(max_length=36)
    item_id: str = Field(max_length=36)
    form: Literal["paper", "file"] = "paper"


class End(BaseModel):
    state: Literal[CopyState.RETURNED, CopyState.DESTROYED, CopyState.LOST]
    text: str = Field("", max_length=4000)


@router.post("", status_code=201)
def make(
    kernel: KernelDep,
    body: NewCopy,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.LEND),
) -> dict[str, Any]:
    """Enters one copy for the person of a grant; its PDF is under ``/copies/{id}/pdf``."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            copy = service.make(session, kernel.vault, principal, body.grant_id, body.item_id, body.form, request=request)
            return {"id": copy.id, "number": copy.number}

        return idempotency.once(session, principal, "copies", key, body.model_dump(), create)


@router.get("")
def list_copies(
    kernel: KernelDep,
    mine: bool = True,
    item: str | None = None,
    state: CopyState | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """The copies that one holds, newest first; with ``mine=false`` all, for those who keep the registers."""
    holder = principal.person_id if mine or not principal.may(Right.REGISTERS) else None
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.copies(session, holder_id=holder, item_id=item, state=state, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"copies": [service.shown(session, kernel.vault, row) for row in page], "next": following}


@router.get("/register", response_class=Response)
def register(kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.REGISTERS)) -> Response:
    """The copy register as a workbook."""
    with kernel.database.write() as session:
        rows = service.copies(session, holder_id=None, item_id=None, state=None, after=None, limit=None)
        book = register_xlsx([service.shown(session, kernel.vault, row) for row in rows])
        journal.append(session, "copies.export", actor=principal.person_id, request=request, count=len(rows))
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="copies.xlsx"'}
    return Response(book, media_type=XLSX, headers=headers)


@router.get("/{copy_id}/pdf", response_class=Response)
def pdf(
    kernel: KernelDep, marker: MarkerDep, copy_id: str, request: RequestId, principal: Principal = allow(Right.SEARCH)
) -> Response:
    """The copy, its number in every page's mark."""
    asker = Asker(principal, request)
    with kernel.database.write() as session:
        content = service.content(session, kernel.vault, asker, copy_id)
    return answer(kernel, marker, asker, content)


@router.post("/{copy_id}/end")
def end(
    kernel: KernelDep, copy_id: str, body: End, request: RequestId, principal: Principal = allow(Right.LEND)
) -> dict[str, Any]:
    """Says that a copy came back, was destroyed, or is lost."""
    with kernel.database.write() as session:
        copy = session.get(TrackedCopy, copy_id, with_for_update=TO_CHANGE)
        if copy is None:
            raise NotFound("There is no such copy. List the copies to find it.")
        service.end(session, kernel.vault, principal, copy, body.state, body.text, request=request)
        return service.shown(session, kernel.vault, copy)
