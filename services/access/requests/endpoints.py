"""Requests for access over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from services.access import consultation
from services.access.requests import repository, service, view
from services.access.requests.service import Wish
from services.access.requests.tables import RequestState
from services.access.service import Asker
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/access-requests", tags=["access"])
MOST_ITEMS = 10_000


class NewRequest(BaseModel):
    """``copies``: how many of each item, of a request to copy."""

    kind: Literal["read", "loan", "copy", "consult"]
    item_ids: list[str] = Field(min_length=1, max_length=MOST_ITEMS)
    purpose: str = Field(min_length=2, max_length=2000)
    days: int | None = Field(None, ge=1, le=366)
    copies: int = Field(1, ge=1, le=20)
    masked: bool = Field(False, description="Personal data may stay masked: in fields, text, pictures and PDF.")


class Decision(BaseModel):
    approves: bool
    reason: str = Field("", max_length=1000)

    @model_validator(mode="after")
    def _reason_for_a_refusal(self) -> Decision:
        if not self.approves and not self.reason.strip():
            raise ValueError("say why it is refused")
        return self


@router.post("", status_code=201)
def ask(
    kernel: KernelDep,
    body: NewRequest,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.ASK),
) -> dict[str, Any]:
    """Asks for access to items, with a purpose; whoever policy names is asked to approve."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            asked = service.ask(session, kernel.vault, principal, Wish(**body.model_dump()), request=request)
            return {"id": asked.id, "number": asked.number, "state": asked.state}

        return idempotency.once(session, principal, "access-requests", key, body.model_dump(), create)


@router.get("")
def list_requests(
    kernel: KernelDep,
    mine: bool = True,
    state: RequestState | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """What one has asked for or signed, newest first; with ``mine=false`` everyone's, for those who keep the registers."""
    owner = principal.person_id if mine or not principal.may(Right.REGISTERS) else None
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = repository.requests(session, person_id=owner, state=state, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"requests": [view.shown(session, kernel.vault, principal, row) for row in page], "next": following}


@router.get("/waiting")
def waiting(kernel: KernelDep, principal: Principal = allow(Right.DECIDE)) -> dict[str, Any]:
    """What waits for one's signature, in one's own roles or in delegated ones, oldest first."""
    with kernel.database.read() as session:
        rows = view.waiting(session, principal)
        return {"requests": [view.shown(session, kernel.vault, principal, row) for row in rows]}


@router.get("/{request_id}")
def one(kernel: KernelDep, request_id: str, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    with kernel.database.read() as session:
        return view.shown(session, kernel.vault, principal, view.known(session, principal, request_id))


@router.post("/{request_id}/decision")
def decide(
    kernel: KernelDep, request_id: str, body: Decision, request: RequestId, principal: Principal = allow(Right.DECIDE)
) -> dict[str, Any]:
    """Signs for or against."""
    with kernel.database.write() as session:
        asked = view.known(session, principal, request_id, to_change=True)
        service.decide(session, principal, asked, approves=body.approves, reason=body.reason, request=request)
        return view.shown(session, kernel.vault, principal, asked)


@router.post("/{request_id}/withdrawal")
def withdraw(kernel: KernelDep, request_id: str, request: RequestId, principal: Principal = allow(Right.ASK)) -> dict[str, Any]:
    """Takes back what one has asked for."""
    with kernel.database.write() as session:
        asked = view.known(session, principal, request_id, to_change=True)
        service.withdraw(session, principal, asked, request=request)
        return view.shown(session, kernel.vault, principal, asked)


@router.get("/{request_id}/consultation")
def consult(kernel: KernelDep, request_id: str, request: RequestId, principal: Principal = allow(Right.ASK)) -> dict[str, Any]:
    """What the catalogue says of the items (咨询): no content, and on the ledger all the same."""
    with kernel.database.write() as session:
        asked = view.known(session, principal, request_id)
        return consultation.answer(session, kernel.vault, Asker(principal, request), asked)
