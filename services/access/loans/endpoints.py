"""The loans desk over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.access.loans import service
from services.access.loans.tables import LoanState
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/loans", tags=["access"])
Condition = Literal["good", "worn", "damaged", "incomplete"]


class HandOut(BaseModel):
    grant_id: str = Field(max_length=36)
    item_id: str = Field(max_length=36)
    condition: Condition


class Return(BaseModel):
    condition: Condition
    text: str = Field("", max_length=4000)


class Loss(BaseModel):
    text: str = Field(min_length=2, max_length=4000)


@router.post("", status_code=201)
def hand_out(
    kernel: KernelDep,
    body: HandOut,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.LEND),
) -> dict[str, Any]:
    """Hands an original to the person of a grant."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            loan = service.hand_out(session, principal, body.grant_id, body.item_id, body.condition, request=request)
            return {"id": loan.id, "number": loan.number, "due_at": loan.due_at.isoformat()}

        return idempotency.once(session, principal, "loans", key, body.model_dump(), create)


@router.get("")
def list_loans(
    kernel: KernelDep,
    mine: bool = True,
    state: LoanState | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """What one has borrowed, newest first; with ``mine=false`` everyone's, for those who keep the registers."""
    owner = principal.person_id if mine or not principal.may(Right.REGISTERS) else None
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.loans(session, borrower_id=owner, state=state, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"loans": [service.shown(session, row) for row in page], "next": following}


@router.get("/{loan_id}")
def one(kernel: KernelDep, loan_id: str, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    with kernel.database.read() as session:
        return service.shown(session, service.loan(session, principal, loan_id))


@router.post("/{loan_id}/return")
def take_back(
    kernel: KernelDep, loan_id: str, body: Return, request: RequestId, principal: Principal = allow(Right.LEND)
) -> dict[str, Any]:
    """Takes it back and says in which condition it is."""
    with kernel.database.write() as session:
        loan = service.loan(session, principal, loan_id, to_change=True)
        service.take_back(session, kernel.vault, principal, loan, body.condition, body.text, request=request)
        return service.shown(session, loan)


@router.post("/{loan_id}/loss")
def lose(
    kernel: KernelDep, loan_id: str, body: Loss, request: RequestId, principal: Principal = allow(Right.LEND)
) -> dict[str, Any]:
    """Says that it will not come back."""
    with kernel.database.write() as session:
        loan = service.loan(session, principal, loan_id, to_change=True)
        service.lose(session, kernel.vault, principal, loan, body.text, request=request)
        return service.shown(session, loan)
