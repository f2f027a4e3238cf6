"""contract.md as types: what ``muniment read``, ``ingest`` and ``search`` print must validate, strictly, against these. Fields
may be added, none may be missing or of another kind."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le, Len
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

DocumentType = Literal[
    "sale_contract", "lease_contract", "investment_agreement", "supplementary_agreement", "payment_voucher", "invoice",
    "bank_slip", "id_card", "household_register", "business_licence", "property_certificate", "acceptance_report",
    "power_of_attorney", "complaint_record", "other",
]  # fmt: skip
FieldName = Literal[
    "contract_number", "party_seller", "party_buyer", "party_lessor", "party_lessee", "name", "gender", "ethnicity",
    "birth_date", "id_number", "phone", "address", "property_unit", "permit_number", "filing_number", "credit_code",
    "organisation", "bank_account", "amount", "amount_in_words", "area", "unit_price", "signed_on", "valid_from",
    "valid_until", "paid_on", "voucher_number", "payer", "payee", "purpose",
]  # fmt: skip
Point = tuple[float, float]
Box = Annotated[list[Point], Len(4, 4)]
Share = Annotated[float, Ge(0), Le(1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
MARGIN = 12.0
"""Pixels by which a tilted line's box may stick out of the page."""


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class Engine(Shape):
    name: Literal["rapid", "tesseract"]
    version: Annotated[str, Len(1)]
    model: Annotated[str, Len(1)]


class Problem(Shape):
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]+$")]
    message: Annotated[str, Len(20)]


class Line(Shape):
    text: Annotated[str, Len(1)]
    box: Box
    confidence: Share


class Page(Shape):
    number: Annotated[int, Ge(1)]
    width: Annotated[int, Ge(1)]
    height: Annotated[int, Ge(1)]
    rotation: Literal[0, 90, 180, 270]
    skew: float
    blank: bool
    text: str
    lines: list[Line]

    @model_validator(mode="after")
    def _holds_together(self) -> Page:
        assert self.text == "\n".join(line.text for line in self.lines)
        assert not (self.blank and self.lines)
        for line in self.lines:
            check_box(line.box, self.width, self.height)
        return self


class FieldValue(Shape):
    value: Annotated[str, Len(1)]
    raw: Annotated[str, Len(1)]
    page: Annotated[int, Ge(1)]
    box: Box
    confidence: Share
    check: Literal["ok", "failed", "none"]


class Document(Shape):
    pages: Annotated[list[int], Len(1)]
    type: DocumentType
    confidence: Share
    fields: dict[FieldName, Annotated[list[FieldValue], Len(1)]]


class Entry(Shape):
    """One file of ``muniment read --json``."""

    file: str
    sha256: Sha256
    status: Literal["ok", "partial", "rejected"]
    problems: list[Problem]
    engine: Engine
    pages: list[Page]
    documents: list[Document]

    @model_validator(mode="after")
    def _holds_together(self) -> Entry:
        sizes = {page.number: (page.width, page.height) for page in self.pages}
        for document in self.documents:
            for values in document.fields.values():
                for value in values:
                    assert value.page in document.pages
                    check_box(value.box, *sizes[value.page])
        assert self.status != "ok" or any(page.text for page in self.pages)
        assert self.status == "ok" or self.problems
        return self


class Snippet(Shape):
    page: Annotated[int, Ge(1)]
    text: str
    highlights: list[tuple[int, int]]
    boxes: list[Box]

    @model_validator(mode="after")
    def _holds_together(self) -> Snippet:
        assert all(0 <= start < end <= len(self.text) for start, end in self.highlights)
        return self


class Hit(Shape):
    item_id: str
    reference_code: str
    type: DocumentType
    title: str
    score: float
    snippets: list[Snippet]


class Answer(Shape):
    """``GET /api/v1/search`` and ``muniment search --json``."""

    total: Annotated[int, Ge(0)]
    took_ms: float
    hits: list[Hit]
    facets: dict[str, dict[str, int]]
    next: str | None


class Batch(Shape):
    """``GET /api/v1/batches/{id}`` and ``muniment ingest --json``."""

    state: str
    files: list[dict[str, object]]
    pages_total: int
    pages_done: int
    items: list[dict[str, object]]
    problems: list[Problem]


class Account(Shape):
    """``muniment user add``: these two and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Annotated[str, Len(1)]
    token: Annotated[str, Len(32)]


ENTRIES = TypeAdapter(list[Entry])


def check_box(box: list[Point], width: int, height: int) -> None:
    """Within the upright page, and clockwise from the top left."""
    for x, y in box:
        assert -MARGIN <= x <= width + MARGIN and -MARGIN <= y <= height + MARGIN, (box, width, height)
    twice_the_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(box, [*box[1:], box[0]], strict=True))
    assert twice_the_area > 0, f"not clockwise: {box}"
    assert box[0][0] + box[0][1] <= box[2][0] + box[2][1], f"does not begin at the top left: {box}"
