"""Access over HTTP. Items and their content are here, the rest of the room is in its folders. The ledger entry is committed
before the first byte of an answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import PlainTextResponse, Response

from services.access import service
from services.access.conduct import endpoints as conduct
from services.access.copies import endpoints as copies
from services.access.delegations import endpoints as delegations
from services.access.grants import endpoints as grants
from services.access.incidents import endpoints as incidents
from services.access.loans import endpoints as loans
from services.access.marking import endpoints as marks
from services.access.notices import endpoints as notices
from services.access.requests import endpoints as requests
from services.access.reveals import endpoints as reveals
from services.access.service import Asker
from services.access.showing import PRIVATE, MarkerDep, answer, showing
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

items = APIRouter(prefix="/api/v1/items", tags=["access"])
PageNumber = Annotated[int, Path(ge=1, le=100_000)]


@items.get("")
def list_items(
    kernel: KernelDep,
    request: RequestId,
    batch: str | None = None,
    type: str | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SEARCH),
) -> dict[str, Any]:
    """The items that one may know of, newest first."""
    after = paging.decode(cursor) if cursor else None
    asker = Asker(principal, request)
    with kernel.database.write() as session:
        rows = service.list_items(session, kernel.vault, asker, batch_id=batch, type_=type, after=after, limit=limit + 1)
    _, following = paging.page([row for row, _ in rows], limit)
    return {"items": [shown for _, shown in rows[:limit]], "next": following}


@items.get("/{item_id}")
def item(
    kernel: KernelDep,
    item_id: str,
    request: RequestId,
    page: Annotated[int | None, Query(ge=1, le=1_000_000, description="Tell the seals of this page too.")] = None,
    principal: Principal = allow(Right.SEARCH),
) -> dict[str, Any]:
    """The catalogue entry and its fields, masked unless the item's content is open to the caller."""
    asker = Asker(principal, request)
    with showing(kernel, asker, "item.show", item_id) as session:
        return service.show_item(session, kernel.vault, asker, item_id, page)


@items.get("/{item_id}/text")
def text(
    kernel: KernelDep,
    item_id: str,
    request: RequestId,
    accept: Annotated[str, Header()] = "",
    principal: Principal = allow(Right.SEARCH),
) -> Any:
    """What was read, as JSON with lines and boxes, or as plain text when ``Accept: text/plain`` asks for it."""
    asker = Asker(principal, request)
    with showing(kernel, asker, "text.read", item_id) as session:
        body = service.show_text(session, kernel.vault, asker, item_id)
    return PlainTextResponse(body["text"], headers=PRIVATE) if accept.startswith("text/plain") else body


@items.get("/{item_id}/pdf", response_class=Response)
def pdf(
    kernel: KernelDep, marker: MarkerDep, item_id: str, request: RequestId, principal: Principal = allow(Right.SEARCH)
) -> Response:
    """The searchable PDF/A-2b; under a grant each page bears its reader's mark."""
    asker = Asker(principal, request)
    with showing(kernel, asker, "pdf.read", item_id) as session:
        content = service.show_pdf(session, kernel.vault, asker, item_id)
    return answer(kernel, marker, asker, content)


@items.get("/{item_id}/pages/{number}/image", response_class=Response)
def picture(
    kernel: KernelDep,
    marker: MarkerDep,
    item_id: str,
    number: PageNumber,
    request: RequestId,
    principal: Principal = allow(Right.SEARCH),
) -> Response:
    """The upright page as a JPEG, under a grant with its reader's mark; the boxes of text and hits are its pixels."""
    asker = Asker(principal, request)
    with showing(kernel, asker, "page.read", item_id, page=number) as session:
        content = service.show_picture(session, kernel.vault, asker, item_id, number)
    return answer(kernel, marker, asker, content)


router = APIRouter()
for each in (items, requests.router, grants.router, loans.router, copies.router, delegations.router):
    router.include_router(each)
for each in (incidents.router, conduct.router, notices.router, marks.router, reveals.router):
    router.include_router(each)
