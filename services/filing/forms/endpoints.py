"""Filing forms over HTTP: entries confirmed, forms submitted, signed or returned."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from services.filing.catalogue.endpoints import PDF, attachment
from services.filing.forms import repository, service, view
from services.filing.forms.service import MOST_ITEMS
from services.filing.forms.tables import FilingForm
from services.filing.paper import words
from services.filing.paper.forms import form_pdf
from services.kernel import reach
from services.kernel.errors import NotFound
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right, may_know
from services.kernel.ledger import journal
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1/filings", tags=["filing"])


class Items(BaseModel):
    item_ids: list[str] = Field(min_length=1, max_length=MOST_ITEMS)


class Signature(BaseModel):
    approves: bool
    reason: str | None = Field(None, max_length=1000)

    @model_validator(mode="after")
    def _reason_for_a_return(self) -> Signature:
        if not self.approves and not (self.reason or "").strip():
            raise ValueError("say why the form goes back")
        return self


@router.post("/catalogued")
def catalogue(kernel: KernelDep, body: Items, request: RequestId, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """Confirms the entries of items that passed the quality check."""
    with kernel.database.write() as session:
        items = reach.items_for(session, principal, body.item_ids)
        service.catalogue(session, kernel.vault, principal, items, request=request)
        return {"items": [{"id": item.id, "state": item.state} for item in items]}


@router.post("", status_code=201)
def submit(
    kernel: KernelDep,
    body: Items,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Puts catalogued items on a filing form, which waits for a second person's signature."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            items = reach.items_for(session, principal, body.item_ids)
            form = service.submit(session, kernel.vault, principal, items, request=request)
            return {"id": form.id, "number": form.number, "state": form.state}

        return idempotency.once(session, principal, "filings", key, body.model_dump(), create)


@router.get("")
def list_forms(
    kernel: KernelDep,
    state: Literal["submitted", "signed", "returned"] | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Forms, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows, following = paging.page(repository.forms(session, state=state, after=after, limit=limit + 1), limit)
        forms = [view.summary(session, row) for row in rows if _knows(session, principal, row)]
        return {"filings": forms, "next": following}


@router.get("/{filing_id}")
def form(kernel: KernelDep, filing_id: str, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """The form (归档登记表) as data."""
    with kernel.database.read() as session:
        return view.whole(session, kernel.vault, principal, _form(session, principal, filing_id, to_change=False))


@router.get("/{filing_id}/form.pdf", response_class=Response)
def printed(kernel: KernelDep, filing_id: str, request: RequestId, principal: Principal = allow(Right.FILE)) -> Response:
    """The form (归档登记表), to be printed."""
    with kernel.database.write() as session:
        found = _form(session, principal, filing_id, to_change=False)
        shown = view.whole(session, kernel.vault, principal, found)
        journal.append(session, "filing.print", actor=principal.person_id, request=request, filing=found.id)
    times = {"submitted": words.day(found.submitted_at), "decided": words.day(found.decided_at)}
    return attachment(form_pdf(shown, times), PDF, f"{found.number}.pdf")


@router.post("/{filing_id}/signature")
def sign(
    kernel: KernelDep, filing_id: str, body: Signature, request: RequestId, principal: Principal = allow(Right.SIGN_OFF)
) -> dict[str, Any]:
    """The second person signs, or sends the form back."""
    with kernel.database.write() as session:
        found = _form(session, principal, filing_id)
        if body.approves:
            service.sign(session, principal, found, request=request)
        else:
            service.send_back(session, kernel.vault, principal, found, body.reason or "", request=request)
        return view.summary(session, found)


def _form(session: Session, principal: Principal, filing_id: str, *, to_change: bool = True) -> FilingForm:
    found = repository.form(session, filing_id, to_change=to_change)
    if found is None or not _knows(session, principal, found):
        raise NotFound("There is no such filing form. List the forms to find it.")
    return found


def _knows(session: Session, principal: Principal, form: FilingForm) -> bool:
    return all(may_know(principal, session.get_one(Item, line.item_id)) for line in form.lines)
