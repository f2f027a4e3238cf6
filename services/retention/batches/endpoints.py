"""Destruction batches over HTTP: the batch as a whole, and what its proposers do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from services.kernel.errors import Conflict
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.retention.batches import (
    announcing,
    appraisal,
    gate,
    inventory,
    listing,
    repository,
    service,
    submission,
    view,
    view_lines,
)
from services.retention.batches.appraisal import Verdict
from services.retention.batches.deciding import router as deciding
from services.retention.batches.model import BatchState, LineState, Opinion
from services.retention.batches.papers import router as papers
from services.retention.batches.shapes import Cancellation, NewBatch, NewLines, Opinions, Removals

batches = APIRouter(prefix="/api/v1/destruction-batches", tags=["retention"])
MOST_LINES = 10_000
"""Of what is due, taken in by one request."""


@batches.post("", status_code=201)
def open_batch(
    kernel: KernelDep,
    body: NewBatch,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.APPRAISE),
) -> dict[str, Any]:
    """Opens an empty batch, to be destroyed by methods of policy's list."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            batch = service.open_batch(
                session, kernel.vault, principal, body.title, body.method, body.paper_method, request=request
            )
            return view.summary(session, batch)

        return idempotency.once(session, principal, "destruction-batches", key, body.model_dump(), create)


@batches.get("")
def list_batches(
    kernel: KernelDep,
    state: BatchState | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """The batches that one has to do with, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        ids = None if view.sees_all(principal) else repository.witnessed_by(session, principal.person_id)
        rows = repository.batches(session, state=state, ids=ids, after=after, limit=limit + 1)
        shown, following = paging.page(rows, limit)
        return {"batches": [view.summary(session, row) for row in shown], "next": following}


@batches.get("/waiting")
def waiting(kernel: KernelDep, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """What waits for one's signature, receipt or count, oldest first."""
    with kernel.database.read() as session:
        rows = view.waiting(session, principal)
        return {"batches": [view.summary(session, row) | {"mine": view.waits_for(session, principal, row)} for row in rows]}


@batches.get("/methods")
def methods(kernel: KernelDep, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """What policy allows to destroy with, and what that is under NIST SP 800-88 r2: clear, purge or destroy."""
    with kernel.database.read() as session:
        allowed = versions.current(session).policy.destruction.methods
        return {"methods": [{"name": name, "sanitisation": kind} for name, kind in allowed.items()]}


@batches.get("/{batch_id}")
def one(kernel: KernelDep, batch_id: str, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    with kernel.database.read() as session:
        return view.whole(session, kernel.vault, principal, view.known(session, principal, batch_id))


@batches.get("/{batch_id}/lines")
def lines(
    kernel: KernelDep,
    batch_id: str,
    request: RequestId,
    state: LineState | None = None,
    opinion: Opinion | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """The lines in the order of the manifest, with what is in their way now."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id)
        after = paging.whole(cursor) if cursor else 0
        rows = repository.lines(session, batch.id, state=state, opinion=opinion, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit, key="position")
        shown = view_lines.shown(session, kernel.vault, principal, batch, page)
        told: dict[str, Any] = {"batch": batch.id, "items": [line.item_id for line in page]}
        journal.append(session, "destruction.show", actor=principal.person_id, request=request, **told)
        return {"lines": shown, "next": following}


@batches.post("/{batch_id}/lines")
def add(
    kernel: KernelDep, batch_id: str, body: NewLines, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Takes what is due into the batch: by ids, or the oldest of a kind. What is kept by something stays out, and is told."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        ids = body.item_ids
        if ids is None:
            assert body.due is not None, "the shape wants one of them"
            most = min(body.due.most, MOST_LINES)
            ids = repository.due(session, type_=body.due.type, department=body.due.department, limit=most)
            if not ids:
                raise Conflict("Nothing of this kind is due. See what is under /api/v1/retention.")
        added = listing.add(session, principal, batch, ids, request=request)
        return {"added": added.items, "refused": [{"item_id": each, "why": why} for each, why in added.refused.items()]}


@batches.post("/{batch_id}/removals")
def withdraw(
    kernel: KernelDep, batch_id: str, body: Removals, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Takes lines out of the batch; what was approved stays so for the rest."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        return {"removed": listing.withdraw(session, principal, batch, body.item_ids, request=request)}


@batches.post("/{batch_id}/opinions")
def opine(
    kernel: KernelDep, batch_id: str, body: Opinions, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Gives opinions (鉴定意见) on lines, many at once or all that have none."""
    verdicts = [Verdict(**each.model_dump()) for each in body.opinions]
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        return {"appraised": appraisal.opine(session, kernel.vault, principal, batch, verdicts, request=request)}


@batches.post("/{batch_id}/appraisal")
def close_appraisal(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Ends the appraisal: what is to be kept or handed over leaves the batch."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        appraisal.close(session, principal, batch, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@batches.post("/{batch_id}/submission")
def submit(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Freezes the manifest and asks for approval. Done again, it voids what was signed before."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        submission.submit(session, principal, batch, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@batches.post("/{batch_id}/check")
def check(kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)) -> dict[str, Any]:
    """Checks the inventory (销毁前审核): what is held, lent, missing or open to somebody leaves the batch."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        inventory.check(session, principal, batch, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@batches.get("/{batch_id}/gate")
def obstacles(
    kernel: KernelDep, batch_id: str, limit: paging.Limit = 50, principal: Principal = allow(Right.SELF)
) -> dict[str, Any]:
    """What blocks lines of the batch now, counted, and the first of them."""
    with kernel.database.read() as session:
        batch = view.known(session, principal, batch_id)
        counts: dict[str, int] = {}
        first: list[dict[str, Any]] = []
        for line, obstacle in gate.obstacles(session, batch):
            counts[obstacle] = counts.get(obstacle, 0) + 1
            if len(first) < limit:
                first.append({"position": line.position, "item_id": line.item_id, "obstacle": obstacle})
        return {"counts": counts, "lines": first}


@batches.post("/{batch_id}/notification")
def announce(
    kernel: KernelDep, batch_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Tells the departments concerned; the time to object begins."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        announcing.announce(session, principal, batch, request=request)
        return view.whole(session, kernel.vault, principal, batch)


@batches.post("/{batch_id}/cancellation")
def cancel(
    kernel: KernelDep, batch_id: str, body: Cancellation, request: RequestId, principal: Principal = allow(Right.APPRAISE)
) -> dict[str, Any]:
    """Gives the batch up before it is carried out; its items live on."""
    with kernel.database.write() as session:
        batch = view.known(session, principal, batch_id, to_change=True)
        service.cancel(session, kernel.vault, principal, batch, body.reason, request=request)
        return view.whole(session, kernel.vault, principal, batch)


router = APIRouter()
for each in (batches, deciding, papers):
    router.include_router(each)
