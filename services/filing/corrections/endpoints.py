"""Corrections over HTTP, beside the picture."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from services.filing.corrections import service, view
from services.filing.corrections.service import Evidence
from services.kernel.http import idempotency
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1/filings/items/{item_id}", tags=["filing"])


class WithEvidence(BaseModel):
    note: str | None = Field(None, max_length=1000)
    page: int | None = Field(None, ge=1, le=100_000, description="The page that shows it.")
    evidence_item_id: str | None = Field(None, max_length=36, description="Another item that proves it.")
    certified: bool = Field(False, description="An authority confirmed it.")

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.note, self.page, self.evidence_item_id, self.certified)


class NewCorrection(WithEvidence):
    """``what`` is ``field``, with the field's name, or a part of the entry."""

    what: Literal["field", "type", "business_type", "customer_type", "title"]
    field: str | None = Field(None, max_length=40)
    replaces: str | None = Field(None, max_length=36, description="Id of the value that it stands for; none adds a value.")
    value: str | None = Field(None, max_length=2000, description="None strikes the old value out.")

    @model_validator(mode="after")
    def _whole(self) -> NewCorrection:
        if self.what == "field" and self.field is None:
            raise ValueError("name the field")
        if self.what != "field" and not self.value:
            raise ValueError("give the new value")
        return self


class Vouching(WithEvidence):
    field_value_ids: list[str] = Field(min_length=1, max_length=200)


@router.get("/history")
def history(kernel: KernelDep, item_id: str, request: RequestId, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """Every version of every field, and every correction with its evidence."""
    with kernel.database.write() as session:
        item = service.item_to_correct(session, principal, item_id)
        body = view.history(session, kernel, item)
        journal.append(session, "item.history", actor=principal.person_id, item=item.id, request=request)
        return body


@router.post("/corrections", status_code=201)
def correct(
    kernel: KernelDep,
    item_id: str,
    body: NewCorrection,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """A corrected value, as a new version with its evidence; the old one stays."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            item = service.item_to_correct(session, principal, item_id)
            if body.what == "field":
                named = (body.field or "", body.value, body.replaces)
                made = service.correct_field(session, kernel, principal, item, *named, body.evidence, request=request)
            else:
                changed = (body.what, body.value or "")
                made = service.correct_entry(session, kernel, principal, item, *changed, body.evidence, request=request)
            return {"id": made.id, "field_value_id": made.field_value_id, "reference_code": item.reference_code}

        return idempotency.once(session, principal, f"corrections/{item_id}", key, body.model_dump(), create)


@router.post("/confirmations")
def vouch(
    kernel: KernelDep, item_id: str, body: Vouching, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Says that values are as the page has them, or that an authority confirmed them."""
    with kernel.database.write() as session:
        item = service.item_to_correct(session, principal, item_id)
        ids = body.field_value_ids
        made = service.vouch(session, kernel, principal, item, ids, body.evidence, request=request)
        return {"confirmed": [each.field_value_id for each in made]}
