"""Holds over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from services.kernel import reach, titles
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.retention.holds import service, view
from services.retention.holds.service import Scope

router = APIRouter(prefix="/api/v1/holds", tags=["retention"])
Id = Annotated[str, Field(max_length=36)]
Code = Annotated[str | None, Field(max_length=80)]
Reason = Annotated[str, Field(min_length=2, max_length=2000)]


class Criteria(BaseModel):
    """Items that are alike in all of these; a reference code by its beginning. What comes to be so later is held too."""

    type: Code = None
    business_type: Code = None
    customer_type: Code = None
    department: Code = None
    batch_id: Id | None = None
    reference_code: Code = None
    received_from: AwareDatetime | None = None
    received_until: AwareDatetime | None = None

    def to_details(self) -> dict[str, str]:
        given = self.model_dump(exclude_none=True)
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items() if value}


class NewHold(BaseModel):
    """On items, on a customer's file, on a party (``party_id``: a party's or a subject's), or on a query."""

    item_ids: list[Id] = Field([], max_length=reach.MOST)
    file_id: Id | None = None
    party_id: Id | None = None
    query: Criteria | None = None
    reason: Reason
    remind_on: date | None = Field(None, description="The day on which to be reminded that it wants a look.")

    @model_validator(mode="after")
    def _one_scope(self) -> NewHold:
        if sum(each is not None for each in (self.item_ids or None, self.file_id, self.party_id, self.query)) != 1:
            raise ValueError("name items, or a file, or a party, or a query")
        return self


class Release(BaseModel):
    reason: Reason


class Reminder(BaseModel):
    remind_on: date | None


@router.post("", status_code=201)
def place(
    kernel: KernelDep,
    body: NewHold,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.HOLD),
) -> dict[str, Any]:
    """Places a hold: from now on nothing that it reaches is removed."""
    query = body.query.to_details() if body.query else {}
    scope = Scope(body.item_ids, body.file_id, body.party_id, query)
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            placed = service.place(session, kernel.vault, principal, scope, body.reason, body.remind_on, request=request)
            return {"id": placed[0].id, "number": placed[0].number, "items": placed[1]}

        return idempotency.once(session, principal, "holds", key, body.model_dump(mode="json"), create)


@router.get("")
def list_holds(
    kernel: KernelDep,
    item: Annotated[str | None, Query(max_length=36)] = None,
    live: bool = True,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.HOLD),
) -> dict[str, Any]:
    """Holds, newest first; with ``item``: those that reach it."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.list_holds(session, item_id=item, live=live, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"holds": view.shown(session, kernel.vault, principal, page), "next": following}


@router.get("/{hold_id}")
def one(kernel: KernelDep, hold_id: str, principal: Principal = allow(Right.HOLD)) -> dict[str, Any]:
    with kernel.database.read() as session:
        return view.shown(session, kernel.vault, principal, [service.hold_of(session, hold_id)])[0]


@router.get("/{hold_id}/items")
def items(
    kernel: KernelDep,
    hold_id: str,
    request: RequestId,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.HOLD),
) -> dict[str, Any]:
    """The items that it reaches."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.write() as session:
        hold = service.hold_of(session, hold_id)
        page, following = paging.page(service.items_of(session, hold, after=after, limit=limit + 1), limit)
        named = titles.shown(session, kernel.vault, principal, page)
        journal.append(session, "items.list", actor=principal.person_id, request=request, count=len(page), hold=hold.id)
        return {
            "items": [
                {
                    "item_id": item.id,
                    "reference_code": item.reference_code,
                    "title": named[item.id],
                    "type": item.type,
                    "state": item.state,
                    "holds": item.holds,
                }
                for item in page
            ],
            "next": following,
        }


@router.post("/{hold_id}/release")
def release(
    kernel: KernelDep, hold_id: str, body: Release, request: RequestId, principal: Principal = allow(Right.HOLD)
) -> dict[str, Any]:
    """Releases a hold that another person placed."""
    with kernel.database.write() as session:
        hold = service.hold_of(session, hold_id, to_change=True)
        freed = service.release(session, kernel.vault, principal, hold, body.reason, request=request)
        return {"id": hold.id, "items": freed}


@router.post("/{hold_id}/release-request")
def ask_release(
    kernel: KernelDep, hold_id: str, request: RequestId, principal: Principal = allow(Right.HOLD)
) -> dict[str, Any]:
    """Asks the others who may release it to do so."""
    with kernel.database.write() as session:
        hold = service.hold_of(session, hold_id, to_change=True)
        return {"id": hold.id, "asked": service.ask_release(session, principal, hold, request=request)}


@router.put("/{hold_id}/reminder")
def remind_later(
    kernel: KernelDep, hold_id: str, body: Reminder, request: RequestId, principal: Principal = allow(Right.HOLD)
) -> dict[str, Any]:
    """Another day on which to be reminded, or none."""
    with kernel.database.write() as session:
        hold = service.hold_of(session, hold_id, to_change=True)
        service.remind_later(session, principal, hold, body.remind_on, request=request)
        return {"id": hold.id, "remind_on": body.remind_on.isoformat() if body.remind_on else None}
