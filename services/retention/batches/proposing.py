"""What its proposers do with a batch over HTTP: filled, appraised, submitted, checked, announced; or given up."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import APIRouter
from sqlalchemy.orm import Session

from services.kernel.core import Kernel
from services.kernel.errors import Conflict
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.retention.batches import announcing, appraisal, inventory, listing, repository, service, submission, view
from services.retention.batches.appraisal import Verdict
from services.retention.batches.shapes import MOST, Cancellation, NewLines, Opinions, Removals
from services.retention.batches.tables import DestructionBatch

router = APIRouter(prefix="/api/v1/destruction-batches", tags=["retention"])


@router.post("/{batch_id}/lines")
def add(
    kernel: KernelDep, batch_id: str, body: NewLines, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Takes what is due into the batch: by ids, or the oldest of a kind. What is kept by something stays out, and is told."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        ids = body.item_ids
        if ids is None:
            assert body.due is not None, "the shape wants one of them"
            most = min(body.due.most, MOST)
            ids = repository.due(session, type_=body.due.type, department=body.due.department, limit=most)
            if not ids:
                raise Conflict("Nothing of this kind is due. See what is under /api/v1/retention.")
        added = listing.add(session, principal, batch, ids, request=request)
        return {"added": added.items, "refused": [{"item_id": each, "why": why} for each, why in added.refused.items()]}


@router.post("/{batch_id}/removals")
def withdraw(
    kernel: KernelDep, batch_id: str, body: Removals, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Takes lines out of the batch; what was approved stays so for the rest."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        return {"removed": listing.withdraw(session, principal, batch, body.item_ids, request=request)}


@router.post("/{batch_id}/opinions")
def opine(
    kernel: KernelDep, batch_id: str, body: Opinions, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Gives opinions (鉴定意见) on lines, many at once or all that have none."""
    verdicts = [Verdict(**each.model_dump()) for each in body.opinions]
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        return {"appraised": appraisal.opine(session, kernel.vault, principal, batch, verdicts, request=request)}


@router.post("/{batch_id}/appraisal")
def close_appraisal(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Ends the appraisal: what is to be kept or handed over leaves the batch."""
    return _taken(appraisal.close, kernel, batch_id, request, principal)


@router.post("/{batch_id}/submission")
def submit(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Freezes the manifest and asks for approval. Done again, it voids what was signed before."""
    return _taken(submission.submit, kernel, batch_id, request, principal)


@router.post("/{batch_id}/check")
def check(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)) -> dict[str, Any]:
    """Checks the inventory (销毁前审核): what is held, lent, missing or open to somebody leaves the batch."""
    return _taken(inventory.check, kernel, batch_id, request, principal)


@router.post("/{batch_id}/notification")
def announce(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Tells the departments concerned; the time to object begins."""
    return _taken(announcing.announce, kernel, batch_id, request, principal)


@router.post("/{batch_id}/cancellation")
def cancel(
    kernel: KernelDep, batch_id: str, body: Cancellation, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Gives the batch up before it is carried out; its items live on."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        service.cancel(session, kernel.vault, principal, batch, body.reason, request=request)
        return view.whole(session, kernel.vault, principal, batch)


class _Step(Protocol):
    def __call__(self, session: Session, actor: Principal, batch: DestructionBatch, /, *, request: str | None) -> None: ...


def _taken(step: _Step, kernel: Kernel, batch_id: str, request: str, principal: Principal) -> dict[str, Any]:
    """The batch as it is after a step."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        step(session, principal, batch, request=request)
        return view.whole(session, kernel.vault, principal, batch)
