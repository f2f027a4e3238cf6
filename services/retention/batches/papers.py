"""The manifest and the register of a batch, to be taken along."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from services.kernel.core import Kernel
from services.kernel.errors import Conflict
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.retention.batches import manifest, register, register_paper, repository, view
from services.retention.batches.tables import DestructionBatch

router = APIRouter(prefix="/api/v1/destruction-batches", tags=["retention"])
FORMS = {
    "jsonl": "application/jsonl",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
MOST_PRINTED = 5_000
"""Lines of a printed register; a longer one is a workbook."""


@router.get("/{batch_id}/manifest", response_class=Response)
def the_manifest(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """The bytes whose SHA-256 the signatures stand under: JSON, one object a line."""
    with kernel.database.read() as session:
        batch = view.known(session, principal, batch_id)
        if batch.manifest_sha256 is None:
            raise Conflict("This batch was not submitted yet, and has no manifest. Submit it first.")
        content = b"".join(manifest.content(session, batch))
    return _given(kernel, principal, request, batch, content, "jsonl")


@router.get("/{batch_id}/register.xlsx", response_class=Response)
def workbook(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """The register (销毁清册) as a workbook."""
    with kernel.database.read() as session:
        batch = view.known(session, principal, batch_id)
        shown = view.whole(session, kernel.vault, principal, batch)
        content = register_paper.register_xlsx(shown, register.rows(session, batch))
    return _given(kernel, principal, request, batch, content, "xlsx")


@router.get("/{batch_id}/register.pdf", response_class=Response)
def printed(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """The register to be printed and signed."""
    with kernel.database.read() as session:
        batch = view.known(session, principal, batch_id)
        if repository.last_position(session, batch.id) > MOST_PRINTED:
            raise Conflict(f"A register of more than {MOST_PRINTED} lines is not printed. Take the workbook: …/register.xlsx.")
        shown = view.whole(session, kernel.vault, principal, batch)
        content = register_paper.register_pdf(shown, register.rows(session, batch))
    return _given(kernel, principal, request, batch, content, "pdf")


def _given(kernel: Kernel, principal: Principal, request: str, batch: DestructionBatch, content: bytes, form: str) -> Response:
    """Entered first, then given out."""
    with kernel.database.write() as session:
        journal.append(session, "destruction.print", actor=principal.person_id, request=request, batch=batch.id, form=form)
    headers = {"Content-Disposition": f'attachment; filename="{batch.number}.{form}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=FORMS[form], headers=headers)
