"""What others do about a batch over HTTP: those who sign, are told, object and witness."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.retention.batches import announcing, objections, submission, view, witnessing
from services.retention.batches.shapes import Answer, Count, Decision, NewObjection, NewWitness, Receipt, Signature

router = APIRouter(prefix="/api/v1/destruction-batches", tags=["retention"])


@router.post("/{batch_id}/decision")
def decide(
    kernel: KernelDep, batch_id: str, body: Decision, request: RequestId, principal: Principal = allow(Right.DECIDE)
) -> dict[str, Any]:
    """Signs for or against the manifest as it is frozen."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        given = {"approves": body.approves, "reason": body.reason}
        submission.decide(session, kernel.vault, principal, batch, **given, request=request)  # type: ignore[arg-type]
        return view.whole(session, kernel.vault, principal, batch)


@router.post("/{batch_id}/receipts")
def receive(
    kernel: KernelDep, batch_id: str, body: Receipt, request: RequestId, principal: Principal = allow(Right.DECIDE)
) -> dict[str, Any]:
    """Says for a department that it knows (回执)."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        announcing.receive(session, principal, batch, body.department, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@router.post("/{batch_id}/objections", status_code=201)
def object_to(
    kernel: KernelDep, batch_id: str, body: NewObjection, request: RequestId, principal: Principal = allow(Right.DECIDE)
) -> dict[str, Any]:
    """Objects, before the batch is carried out."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        made = objections.object_to(session, kernel.vault, principal, batch, body.item_id, body.reason, request=request)
        return {"id": made.id}


@router.post("/{batch_id}/objections/{objection_id}/answer")
def answer(
    kernel: KernelDep,
    batch_id: str,
    objection_id: str,
    body: Answer,
    request: RequestId,
    principal: Principal = allow(Right.DECIDE),
) -> dict[str, Any]:
    """Decides on an objection: upheld, the item leaves the batch, or the batch is cancelled."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        objections.answer(
            session, kernel.vault, principal, batch, objection_id, upheld=body.upheld, text=body.text, request=request
        )
        return view.whole(session, kernel.vault, principal, batch)


@router.get("/{batch_id}/witness-candidates")
def candidates(kernel: KernelDep, batch_id: str, principal: Principal = allow(Right.APPRAISE)) -> dict[str, Any]:
    """Who may be named to witness this batch."""
    with kernel.database.read() as session:
        people = witnessing.candidates(session, view.known(session, principal, batch_id))
        return {"people": [{"id": each.id, "name": each.name} for each in people]}


@router.post("/{batch_id}/witnesses")
def name(
    kernel: KernelDep, batch_id: str, body: NewWitness, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Names a witness (监销人), for the whole or for the electronic records."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        witnessing.name(session, principal, batch, body.person_id, body.capacity, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@router.delete("/{batch_id}/witnesses/{person_id}")
def dismiss(
    kernel: KernelDep, batch_id: str, person_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Somebody else is to witness."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        witnessing.dismiss(session, principal, batch, person_id, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@router.post("/{batch_id}/counts")
def count(
    kernel: KernelDep, batch_id: str, body: Count, request: RequestId, principal: Principal = allow(Right.WITNESS)
) -> dict[str, Any]:
    """What one counted before the destruction; ``matches``: whether the manifest says the same."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        matches = witnessing.count(session, principal, batch, body.items, body.pages, request=request)
        return view.whole(session, kernel.vault, principal, batch) | {"matches": matches}


@router.post("/{batch_id}/signature")
def sign(
    kernel: KernelDep, batch_id: str, body: Signature, request: RequestId, principal: Principal = allow(Right.WITNESS)
) -> dict[str, Any]:
    """Signs after the destruction for what one saw destroyed."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        witnessing.sign(session, principal, batch, body.items, request=request)
        return view.whole(session, kernel.vault, principal, batch)
