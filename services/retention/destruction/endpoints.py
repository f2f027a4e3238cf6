"""Destruction carried out, over HTTP."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.retention.batches import view as batches
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import service, view

router = APIRouter(prefix="/api/v1/destruction-batches/{batch_id}", tags=["retention"])
Pace = Annotated[int | None, Field(ge=1, le=100_000, description="Lines a minute; none is without a limit.")]


class Execution(BaseModel):
    lines_per_minute: Pace = None


@router.post("/execution", status_code=201)
def begin(
    kernel: KernelDep, batch_id: str, body: Execution, request: RequestId, principal: Principal = allow(Right.EXECUTE)
) -> dict[str, Any]:
    """Begins to destroy what was approved and counted. From here there is no way back, line by line."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id, to_change=True)
        service.begin(session, principal, batch, pace=body.lines_per_minute, request=request)
        return view.execution(session, batch)


@router.get("/execution")
def show(kernel: KernelDep, batch_id: str, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """How far it is, what stands in the way, and what the verification saw."""
    with kernel.database.read() as session:
        return view.execution(session, batches.known(session, principal, batch_id))


@router.patch("/execution")
def limit(
    kernel: KernelDep, batch_id: str, body: Execution, request: RequestId, principal: Principal = allow(Right.EXECUTE)
) -> dict[str, Any]:
    """Another speed limit, from the next few lines on."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id, to_change=True)
        service.limit(session, principal, batch, body.lines_per_minute, request=request)
        return view.execution(session, batch)


@router.post("/execution/pause")
def pause(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.EXECUTE)) -> dict[str, Any]:
    """What is in hand is finished, no further line is begun."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id, to_change=True)
        service.pause(session, principal, batch, request=request)
        return view.execution(session, batch)


@router.post("/execution/resume")
def resume(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.EXECUTE)) -> dict[str, Any]:
    """Goes on after a pause, or tries again what could not go."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id, to_change=True)
        service.resume(session, principal, batch, request=request)
        return view.execution(session, batch)


@router.post("/copies/{copy_id}/confirmation")
def confirm(
    kernel: KernelDep, batch_id: str, copy_id: str, request: RequestId, principal: Principal = allow(Right.WITNESS)
) -> dict[str, Any]:
    """A named witness has seen a tracked copy destroyed."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id, to_change=True)
        service.confirm_copy(session, principal, batch, copy_id, request=request)
        return view.execution(session, batch)


@router.get("/certificate")
def certificate(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.SELF)
) -> dict[str, Any]:
    """The certificate (销毁证明); ``note`` is its signed text, which the archive's public key verifies offline."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id)
        row = view.certificate(session, batch)
        _enter(session, principal, request, batch, "json")
        told: dict[str, Any] = json.loads(row.note.split("\n")[1])
        return told | {"sha256": row.sha256, "position": row.position, "note": row.note}


@router.get("/certificate.pdf", response_class=Response)
def sheet(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """The certificate to look at, as PDF/A."""
    with kernel.database.write() as session:
        batch = batches.known(session, principal, batch_id)
        row = view.certificate(session, batch)
        _enter(session, principal, request, batch, "pdf")
        headers = {"Content-Disposition": f'inline; filename="{row.number}.pdf"', "Cache-Control": "private, no-store"}
        return Response(row.pdf, media_type="application/pdf", headers=headers)


def _enter(session: Session, principal: Principal, request: str, batch: DestructionBatch, form: str) -> None:
    told = {"batch": batch.id, "form": form}
    journal.append(session, "destruction.certificate", actor=principal.person_id, request=request, **told)
