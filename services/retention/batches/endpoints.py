"""Destruction batches over HTTP: opened, listed and shown. What people do about one is in the files beside this one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.idempotency import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.retention.batches import concerns, gate, repository, service, view, view_lines
from services.retention.batches.deciding import router as deciding
from services.retention.batches.model import BatchState, LineState, Opinion
from services.retention.batches.papers import router as papers
from services.retention.batches.proposing import router as proposing
from services.retention.batches.shapes import NewBatch

batches = APIRouter(prefix="/api/v1/destruction-batches", tags=["retention"])


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
        rows = concerns.waiting(session, principal)
        return {"batches": [view.summary(session, row) | {"mine": concerns.waits_for(session, principal, row)} for row in rows]}


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


router = APIRouter()
for each in (batches, proposing, deciding, papers):
    router.include_router(each)
