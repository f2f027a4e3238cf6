"""Extracts over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from services.audit import mentions, sheets
from services.audit.entries import asking, repository
from services.audit.entries.asking import FiltersDep
from services.audit.extracts import service
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
JSONL = "application/jsonl"


@router.get("/extract", response_class=Response)
def extract(
    kernel: KernelDep,
    request: RequestId,
    filters: FiltersDep,
    format: Literal["csv", "xlsx", "jsonl"] = "csv",
    principal: Principal = allow(Right.LEDGER),
) -> Response:
    """The entries that were asked for, oldest first, as CSV, XLSX or JSON lines; each with its proof. ``muniment ledger
    verify`` takes CSV and JSON lines."""
    mentions.catch_up_whole(kernel.database)
    with kernel.database.write() as session:
        filters = repository.resolved(session, filters)
        count = service.require_few(session, filters)
        asking.note(session, "ledger.extract", principal, request, filters, format=format, count=count)

    def rows() -> Iterator[dict[str, object]]:
        with kernel.database.read() as session:
            yield from service.rows(session, kernel.signer, filters)

    headers = {"Content-Disposition": f'attachment; filename="extract.{format}"', "Cache-Control": "private, no-store"}
    if format == "xlsx":
        return Response(sheets.xlsx("台账摘录", service.COLUMNS, rows()), media_type=sheets.XLSX, headers=headers)
    if format == "csv":
        return StreamingResponse(sheets.csv_lines(service.COLUMNS, rows()), media_type=sheets.CSV, headers=headers)
    lines = (json.dumps({"entry": row["entry"], "proof": row["proof"]}, ensure_ascii=False) + "\n" for row in rows())
    return StreamingResponse(lines, media_type=JSONL, headers=headers)
