"""The catalogue over HTTP. Whole exports are for those who file: behaviour 10 gives sales staff none."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from services.filing.catalogue import service
from services.filing.catalogue.service import Narrowing, Row
from services.filing.paper import catalogues
from services.kernel.core import Kernel
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1/filings", tags=["filing"])
MOST_IN_A_WORKBOOK, MOST_ON_PAPER = 20_000, 2_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"


def narrowing(
    type: Annotated[str | None, Query(max_length=40)] = None,
    business_type: Annotated[str | None, Query(max_length=40)] = None,
    series: Annotated[str | None, Query(max_length=70)] = None,
) -> Narrowing:
    return Narrowing(type, business_type, series)


Narrow = Annotated[Narrowing, Depends(narrowing)]


@router.get("/catalogue")
def catalogue(
    kernel: KernelDep,
    narrow: Narrow,
    request: RequestId,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """The catalogue (档案目录) in the order of its numbers."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.write() as session:
        rows, more = service.page(session, kernel.vault, principal, narrow, after=after, limit=limit)
        _enter(session, principal, "catalogue.list", rows, request)
        following = paging.encode(rows[-1].item_id) if more else None
        return {"items": [row.to_json() for row in rows], "next": following}


@router.get("/catalogue.xlsx", response_class=Response)
def workbook(kernel: KernelDep, narrow: Narrow, request: RequestId, principal: Principal = allow(Right.FILE)) -> Response:
    rows = _export(kernel, principal, narrow, request, "xlsx", MOST_IN_A_WORKBOOK)
    return attachment(catalogues.catalogue_xlsx(rows), XLSX, "catalogue.xlsx")


@router.get("/catalogue.pdf", response_class=Response)
def printed(kernel: KernelDep, narrow: Narrow, request: RequestId, principal: Principal = allow(Right.FILE)) -> Response:
    rows = _export(kernel, principal, narrow, request, "pdf", MOST_ON_PAPER)
    return attachment(catalogues.catalogue_pdf(rows), PDF, "catalogue.pdf")


def attachment(content: bytes, media_type: str, name: str) -> Response:
    """A download whose name says nothing of anyone."""
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _export(kernel: Kernel, principal: Principal, narrow: Narrowing, request: str, form: str, most: int) -> list[Row]:
    with kernel.database.write() as session:
        rows = service.everything(session, kernel.vault, principal, narrow, most=most)
        _enter(session, principal, "catalogue.export", rows, request, form=form)
    return rows


def _enter(session: Session, principal: Principal, act: str, rows: list[Row], request: str, **details: str) -> None:
    journal.append(session, act, actor=principal.person_id, request=request, items=len(rows), **details)
