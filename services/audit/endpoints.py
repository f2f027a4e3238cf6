"""The auditor's room over HTTP. What is asked here is on the ledger too."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.audit.entries import endpoints as entries
from services.audit.extracts import endpoints as extracts
from services.audit.inspections import endpoints as inspections
from services.audit.proofs import endpoints as proofs
from services.audit.reports import endpoints as reports
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import export, journal

whole = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@whole.get("/ledger")
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


router = APIRouter()
for each in (whole, entries.router, proofs.router, extracts.router, reports.router, inspections.router):
    router.include_router(each)
