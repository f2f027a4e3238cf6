"""Batches and their files over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from threading import Event
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from services.ingest import repository, service
from services.ingest.multipart import FilePart, boundary_of
from services.ingest.overview import overview
from services.ingest.rescans import RescanReception
from services.kernel.core import Kernel
from services.kernel.errors import MunimentError
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import CONTENT_OF_ALL, Principal, Right

router = APIRouter(prefix="/api/v1/batches", tags=["ingest"])
rescanning = APIRouter(prefix="/api/v1/rescans", tags=["ingest"])
Reason = Literal["illegible", "cut_off", "skewed", "missing_page", "wrong_order", "wrong_side", "not_in_colour", "other"]
desk = APIRouter(prefix="/api/v1/batches", tags=["ingest"])
"""Batches as people see them, with names and titles. Intake apart can open neither, so another room answers for these."""
EVENT_SECONDS = 0.5
STILL_EVENT_SECONDS = 15.0


class NewBatch(BaseModel):
    title: str = Field(min_length=1, max_length=200, pattern=r"\S")
    source: str = Field("api", min_length=1, max_length=80)


@desk.post("", status_code=201)
def open_batch(
    kernel: KernelDep,
    body: NewBatch,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.DELIVER),
) -> dict[str, Any]:
    """Opens a delivery that files are then handed into."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            batch = service.open_batch(session, principal, body.title.strip(), body.source, request=request)
            return {"id": batch.id, "title": batch.title, "source": batch.source}

        return idempotency.once(session, principal, "batches", key, body.model_dump(), create)


@desk.get("")
def list_batches(
    kernel: KernelDep, limit: paging.Limit = 50, cursor: paging.Cursor = None, principal: Principal = allow(Right.DELIVER)
) -> dict[str, Any]:
    """One's own batches, newest first; an archivist sees all."""
    owner = None if principal.roles & CONTENT_OF_ALL else principal.person_id
    with kernel.database.read() as session:
        rows = repository.batches(session, owner, paging.decode(cursor) if cursor else None, limit + 1)
        shown, following = paging.page(rows, limit)
        batches = [
            {"id": row.id, "title": row.title, "source": row.source, "created_at": row.created_at.isoformat()} for row in shown
        ]
        return {"batches": batches, "next": following}


@desk.get("/{batch_id}")
def batch(kernel: KernelDep, batch_id: str, principal: Principal = allow(Right.DELIVER)) -> dict[str, Any]:
    """State, files, items, progress and problems."""
    return _overview(kernel, principal, batch_id)


@desk.get("/{batch_id}/events")
async def events(
    kernel: KernelDep, batch_id: str, request: Request, principal: Principal = allow(Right.DELIVER)
) -> StreamingResponse:
    """Server-sent events: the batch as above, whenever it has changed, until it is done. They end, too, when this process is
    about to; a browser then asks another one."""
    await run_in_threadpool(_overview, kernel, principal, batch_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    states = _stream(kernel, principal, batch_id, request.app.state.leaving)
    return StreamingResponse(states, media_type="text/event-stream", headers=headers)


@router.post("/{batch_id}/files", status_code=201)
async def add_file(
    kernel: KernelDep,
    batch_id: str,
    request: Request,
    request_id: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.DELIVER),
) -> dict[str, Any]:
    """Takes one file in (multipart, part ``file``). 201 means: stored, checksummed, on the ledger, queued."""

    def open_sink(name: str) -> service.Reception:
        return service.Reception(kernel, principal, batch_id, name, request=request_id, idempotency_key=key)

    return await _received(request, open_sink)


@rescanning.post("/{item_id}", status_code=201)
async def rescan(
    kernel: KernelDep,
    item_id: str,
    request: Request,
    request_id: RequestId,
    reason: Reason = "other",
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.DELIVER),
) -> dict[str, Any]:
    """Takes another scan of an item that is there already (multipart, part ``file``): its next revision."""

    def open_sink(name: str) -> RescanReception:
        return RescanReception(kernel, principal, item_id, reason, name, request=request_id, idempotency_key=key)

    return await _received(request, open_sink)


async def _received(request: Request, open_sink: Callable[[str], service.Reception]) -> dict[str, Any]:
    """Streams the one file of a request into what ``open_sink`` gives for its name."""
    part = FilePart(boundary_of(request.headers.get("content-type")), open_sink)
    try:
        await part.consume(request.stream())
    except BaseException:
        if isinstance(part.sink, service.Reception):
            part.sink.abort()
        raise
    assert isinstance(part.sink, service.Reception)
    receipt = await run_in_threadpool(part.sink.finish)
    return receipt.to_json()


def _overview(kernel: Kernel, principal: Principal, batch_id: str) -> dict[str, Any]:
    with kernel.database.read() as session:
        return overview(session, kernel.vault, service.batch_for(session, principal, batch_id))


async def _stream(kernel: Kernel, principal: Principal, batch_id: str, leaving: Event) -> AsyncIterator[str]:
    last, silent = "", 0.0
    while not leaving.is_set():
        try:
            state = await run_in_threadpool(_overview, kernel, principal, batch_id)
        except MunimentError:
            return
        text = json.dumps(state, ensure_ascii=False)
        if text != last:
            last, silent = text, 0.0
            yield f"event: batch\ndata: {text}\n\n"
        if state["state"] in ("done", "incomplete"):
            return
        await asyncio.sleep(EVENT_SECONDS)
        silent += EVENT_SECONDS
        if silent >= STILL_EVENT_SECONDS:
            silent = 0.0
            yield ": still here\n\n"
