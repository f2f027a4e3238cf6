"""Items and their content over HTTP. The ledger entry is committed before the first byte of the answer."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Path
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from services.access import service
from services.access.service import Asker, Content
from services.kernel.core import Kernel
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/items", tags=["access"])
PRIVATE = {"Cache-Control": "private, no-store"}
PageNumber = Annotated[int, Path(ge=1, le=100_000)]


@router.get("")
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


@router.get("/{item_id}")
def item(kernel: KernelDep, item_id: str, request: RequestId, principal: Principal = allow(Right.SEARCH)) -> dict[str, Any]:
    """The catalogue entry and its fields, masked unless the item's content is open to the caller."""
    with kernel.database.write() as session:
        return service.show_item(session, kernel.vault, Asker(principal, request), item_id)


@router.get("/{item_id}/text")
def text(
    kernel: KernelDep,
    item_id: str,
    request: RequestId,
    accept: Annotated[str, Header()] = "",
    principal: Principal = allow(Right.SEARCH),
) -> Any:
    """What was read, as JSON with lines and boxes, or as plain text when ``Accept: text/plain`` asks for it."""
    with kernel.database.write() as session:
        body = service.show_text(session, kernel.vault, Asker(principal, request), item_id)
    return PlainTextResponse(body["text"], headers=PRIVATE) if accept.startswith("text/plain") else body


@router.get("/{item_id}/pdf", response_class=Response)
def pdf(kernel: KernelDep, item_id: str, request: RequestId, principal: Principal = allow(Right.SEARCH)) -> StreamingResponse:
    """The searchable PDF/A-2b."""
    with kernel.database.write() as session:
        content = service.show_pdf(session, kernel.vault, Asker(principal, request), item_id)
    return _streamed(kernel, content)


@router.get("/{item_id}/pages/{number}/image", response_class=Response)
def picture(
    kernel: KernelDep,
    item_id: str,
    number: PageNumber,
    request: RequestId,
    principal: Principal = allow(Right.SEARCH),
) -> StreamingResponse:
    """The upright page as a JPEG; the boxes of text and hits are its pixels."""
    with kernel.database.write() as session:
        content = service.show_picture(session, kernel.vault, Asker(principal, request), item_id, number)
    return _streamed(kernel, content)


def _streamed(kernel: Kernel, content: Content) -> StreamingResponse:
    """The first piece is proven before the answer begins, so that what is damaged or gone is told in an answer of its own."""
    chunks = content.chunks(kernel)
    first = next(chunks, b"")
    disposition = f"inline; filename*=UTF-8''{quote(content.file_name)}"
    headers = PRIVATE | {"Content-Length": str(content.blob.size), "Content-Disposition": disposition}
    return StreamingResponse(chain((first,), chunks), media_type=content.blob.media_type, headers=headers)
