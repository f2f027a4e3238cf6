"""Customers' files and their people over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.filing.casefiles import people, service, view
from services.kernel import reach
from services.kernel.grants.opening import unmasked
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1", tags=["filing"])


class NewFile(BaseModel):
    title: str = Field(min_length=1, max_length=200, pattern=r"\S")
    business_type: str = Field(max_length=40)
    customer_type: str | None = Field(None, max_length=40)


class Items(BaseModel):
    item_ids: list[str] = Field(min_length=1, max_length=200)


class Share(BaseModel):
    share: str | None = Field(None, max_length=20, description="Such as 50% or 1/3.", pattern=r"^[0-9./%]+$")


class SameAs(BaseModel):
    party_id: str = Field(max_length=36)


@router.post("/case-files", status_code=201)
def open_file(
    kernel: KernelDep,
    body: NewFile,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Opens a customer's file (案卷)."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            fields = (body.title.strip(), body.business_type, body.customer_type)
            file = service.open_file(session, kernel.vault, principal, *fields, request=request)
            return {"id": file.id, "number": file.number}

        return idempotency.once(session, principal, "case-files", key, body.model_dump(), create)


@router.get("/case-files")
def list_files(
    kernel: KernelDep,
    request: RequestId,
    item: str | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Files, newest first; with ``item``: those that it lies in."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.write() as session:
        rows = service.files(session, principal, item_id=item, after=after, limit=limit + 1)
        shown, following = paging.page(rows, limit)
        files = [view.summary(session, kernel.vault, principal, row) for row in shown]
        journal.append(session, "files.list", actor=principal.person_id, request=request, count=len(files))
        return {"files": files, "next": following}


@router.get("/case-files/{file_id}")
def file(kernel: KernelDep, file_id: str, request: RequestId, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """The file with its items, its checklist and its people."""
    with kernel.database.write() as session:
        found = service.file_for(session, principal, file_id)
        body = view.whole(session, kernel.vault, principal, found)
        journal.append(session, "file.show", actor=principal.person_id, request=request, file=found.id)
        return body


@router.post("/case-files/{file_id}/items")
def put(
    kernel: KernelDep, file_id: str, body: Items, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Puts items into the file."""
    with kernel.database.write() as session:
        found = service.file_for(session, principal, file_id, to_change=True)
        service.put(session, principal, found, reach.items_for(session, principal, body.item_ids), request=request)
        return view.summary(session, kernel.vault, principal, found)


@router.delete("/case-files/{file_id}/items/{item_id}", status_code=204)
def take_out(
    kernel: KernelDep, file_id: str, item_id: str, request: RequestId, principal: Principal = allow(Right.FILE)
) -> None:
    """Takes an item out of the file."""
    with kernel.database.write() as session:
        found = service.file_for(session, principal, file_id, to_change=True)
        service.take_out(session, principal, found, reach.item_for(session, principal, item_id), request=request)


@router.post("/parties/{party_id}/confirmation")
def confirm(
    kernel: KernelDep, party_id: str, body: Share, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Confirms that the item names this party, and with which share."""
    with kernel.database.write() as session:
        row = people.confirm(session, principal, party_id, body.share, request=request)
        return {"id": row.id, "confirmed": row.confirmed, "share": row.share, "subject_id": row.subject_id}


@router.get("/parties/{party_id}/suggestions")
def suggestions(
    kernel: KernelDep, party_id: str, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Parties that may be the same person, with why."""
    with kernel.database.write() as session:
        _, item = people.party_for(session, principal, party_id)
        found = people.suggestions(session, kernel, principal, party_id)
        body = {
            "suggestions": [
                view.party(session, kernel.vault, other, row, masked=not unmasked(session, principal, [other])) | {"why": why}
                for row, other, why in found
            ]
        }
        journal.append(session, "party.suggest", actor=principal.person_id, item=item.id, request=request, party=party_id)
        return body


@router.post("/parties/{party_id}/subject")
def join(
    kernel: KernelDep, party_id: str, body: SameAs, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Says that two confirmed parties are one person."""
    with kernel.database.write() as session:
        row = people.join(session, principal, party_id, body.party_id, request=request)
        return {"id": row.id, "subject_id": row.subject_id}


@router.delete("/parties/{party_id}/subject", status_code=204)
def part(kernel: KernelDep, party_id: str, request: RequestId, principal: Principal = allow(Right.FILE)) -> None:
    """Says that a party is somebody else after all."""
    with kernel.database.write() as session:
        people.part(session, principal, party_id, request=request)
