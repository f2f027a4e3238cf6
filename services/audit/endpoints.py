"""The auditor's view of the ledger. Reading it is on the ledger too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from services.audit.proofs import endpoints as proofs
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import export, journal
from services.kernel.ledger.tables import LedgerEntry

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
router.include_router(proofs.router)


@router.get("/entries")
def entries(
    kernel: KernelDep,
    request: RequestId,
    actor: str | None = Query(None, max_length=36),
    item: str | None = Query(None, max_length=36),
    act: str | None = Query(None, max_length=40),
    order: Literal["oldest", "newest"] = "oldest",
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.LEDGER),
) -> dict[str, Any]:
    """Entries by person, item or act."""
    asked = {"actor": actor, "item_id": item, "act": act}
    position = LedgerEntry.position
    query = select(LedgerEntry).order_by(position if order == "oldest" else position.desc()).limit(limit + 1)
    query = query.filter_by(**{name: value for name, value in asked.items() if value is not None})
    if cursor:
        last = paging.whole(cursor)
        query = query.where(position > last if order == "oldest" else position < last)
    with kernel.database.write() as session:
        journal.append(session, "ledger.read", actor=principal.person_id, request=request)
        rows = session.scalars(query).all()
    shown, following = paging.page(rows, limit, key="position")
    return {"entries": [json.loads(row.data) for row in shown], "next": following}


@router.get("/ledger")
def ledger(kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.LEDGER)) -> StreamingResponse:
    """The whole ledger as JSON lines with a signed checkpoint; check it with ``muniment ledger verify``."""
    with kernel.database.write() as session:
        journal.append(session, "ledger.export", actor=principal.person_id, request=request)

    def body() -> Iterator[bytes]:
        with kernel.database.read() as session:
            for line in export.lines(session, kernel.signer):
                yield line + b"\n"

    headers = {"Content-Disposition": 'attachment; filename="ledger.jsonl"'}
    return StreamingResponse(body(), media_type="application/jsonl", headers=headers)
