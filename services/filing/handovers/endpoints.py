"""Handovers over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from services.filing.catalogue.endpoints import PDF, attachment
from services.filing.handovers import service, view
from services.filing.handovers.service import Decision
from services.filing.paper import words
from services.filing.paper.handovers import handover_pdf
from services.kernel import reach
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1/handovers", tags=["filing"])


class NewHandover(BaseModel):
    taker_id: str = Field(max_length=36)
    item_ids: list[str] = Field(min_length=1, max_length=500)


class LineDecision(BaseModel):
    item_id: str = Field(max_length=36)
    accepted: bool
    reason: str | None = Field(None, max_length=1000)

    @model_validator(mode="after")
    def _reason_for_a_rejection(self) -> LineDecision:
        if not self.accepted and not (self.reason or "").strip():
            raise ValueError("say why it is not taken over")
        return self


class Decisions(BaseModel):
    lines: list[LineDecision] = Field(min_length=1, max_length=500)


@router.post("", status_code=201)
def open_list(
    kernel: KernelDep,
    body: NewHandover,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Opens a handover list (移交清单) to another person."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            items = reach.items_for(session, principal, body.item_ids)
            return view.summary(session, service.open_list(session, principal, body.taker_id, items, request=request))

        return idempotency.once(session, principal, "handovers", key, body.model_dump(), create)


@router.get("")
def list_handovers(
    kernel: KernelDep,
    open: bool = False,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """The lists that one has a part in, newest first; whoever keeps the archive sees all."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.handovers(session, principal, open_only=open, after=after, limit=limit + 1)
        shown, following = paging.page(rows, limit)
        return {"handovers": [view.summary(session, row) for row in shown], "next": following}


@router.get("/takers")
def takers(kernel: KernelDep, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """Who may take something over."""
    with kernel.database.read() as session:
        people = [{"id": each.id, "name": each.name} for each in service.takers(session) if each.id != principal.person_id]
        return {"people": people}


@router.get("/{handover_id}")
def handover(
    kernel: KernelDep, handover_id: str, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """The list with its items and what was decided on each."""
    with kernel.database.write() as session:
        found = service.handover_for(session, principal, handover_id)
        body = view.whole(session, kernel.vault, principal, found)
        journal.append(session, "handover.show", actor=principal.person_id, request=request, handover=found.id)
        return body


@router.post("/{handover_id}/decisions")
def decide(
    kernel: KernelDep, handover_id: str, body: Decisions, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Takes items over, or does not and says why."""
    with kernel.database.write() as session:
        found = service.handover_for(session, principal, handover_id, to_change=True)
        decisions = [Decision(**each.model_dump()) for each in body.lines]
        service.decide(session, kernel.vault, principal, found, decisions, request=request)
        return view.summary(session, found)


@router.get("/{handover_id}/list.pdf", response_class=Response)
def printed(kernel: KernelDep, handover_id: str, request: RequestId, principal: Principal = allow(Right.FILE)) -> Response:
    """The list, to be printed and signed by both."""
    with kernel.database.write() as session:
        found = service.handover_for(session, principal, handover_id)
        shown = view.whole(session, kernel.vault, principal, found)
        journal.append(session, "handover.print", actor=principal.person_id, request=request, handover=found.id)
    times = {"opened": words.day(found.opened_at), "closed": words.day(found.closed_at)}
    return attachment(handover_pdf(shown, times), PDF, f"{found.number}.pdf")
