"""What is read from a sheet of paper: lines, pages, fields, documents and their problems, and their JSON.

These shapes travel between the rooms (``ocr`` makes them, ``filing`` and ``search`` use them) and, through
``muniment read --json``, to users. Boxes are pixels of the *upright* page, four corners clockwise from top left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Point = tuple[float, float]
Box = tuple[Point, Point, Point, Point]
Check = Literal["ok", "failed", "none"]

DOCUMENT_TYPES = (
    "sale_contract",
    "lease_contract",
    "investment_agreement",
    "supplementary_agreement",
    "payment_voucher",
    "invoice",
    "bank_slip",
    "id_card",
    "household_register",
    "business_licence",
    "property_certificate",
    "acceptance_report",
    "power_of_attorney",
    "complaint_record",
    "other",
)

FIELD_NAMES = (
    "contract_number",
    "party_seller",
    "party_buyer",
    "party_lessor",
    "party_lessee",
    "name",
    "gender",
    "ethnicity",
    "birth_date",
    "id_number",
    "phone",
    "address",
    "property_unit",
    "permit_number",
    "filing_number",
    "credit_code",
    "organisation",
    "bank_account",
    "amount",
    "amount_in_words",
    "area",
    "unit_price",
    "signed_on",
    "valid_from",
    "valid_until",
    "paid_on",
    "voucher_number",
    "payer",
    "payee",
    "purpose",
)


WARNINGS = frozenset(
    {
        "amount_in_words_repaired",
        "amount_in_words_unreadable",
        "amount_mismatch",
        "attachments",
        "bank_account_check_failed",
        "blurred",
        "credit_code_check_failed",
        "cut_off",
        "duplicate",
        "future_date",
        "id_number_check_failed",
        "id_number_contradicts",
        "identifier_repaired",
        "impossible_date",
        "low_confidence",
        "low_resolution",
        "near_duplicate",
        "page_order",
        "rows_differ",
        "shares_differ",
        "too_dark",
    }
)
"""Codes of problems with which everything was still read. Any other code tells of a loss, so that a new one is never taken
lightly by mistake."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person must know about a file or page. ``message`` says what to do next, ``box`` where it shows."""

    code: str
    message: str
    page: int | None = None
    box: Box | None = None

    @property
    def is_loss(self) -> bool:
        """Whether something was not taken in or not read: then nothing may be called done or ok."""
        return self.code not in WARNINGS

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.page is not None:
            told["page"] = self.page
        if self.box is not None:
            told["box"] = [[round(x, 1), round(y, 1)] for x, y in self.box]
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        box = box_from_json(data["box"]) if data.get("box") else None
        return cls(code=data["code"], message=data["message"], page=data.get("page"), box=box)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine and model read a page; recorded with every result."""

    name: str
    version: str
    model: str

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "version": self.version, "model": self.model}


SURE = 0.998  # of a character: surer than this need not be told


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as read. ``confidence`` is 0…1; ``weakest``, where an engine tells it, its least sure character's.

    ``places``, where the line is not set evenly (a wide gap, full-width digits): for each character its left and right edge, in
    thousandths of the line's length. ``doubts``: the characters of which the engine was less sure than ``SURE``, each as its
    index and how sure, 0…1; None where an engine does not tell. ``hand``: it looks written by hand, in whole or in part.
    """

    text: str
    box: Box
    confidence: float
    weakest: float | None = None
    places: tuple[int, ...] | None = None
    doubts: tuple[tuple[int, float], ...] | None = None
    hand: bool = False

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "text": self.text,
            "box": [[round(x, 1), round(y, 1)] for x, y in self.box],
            "confidence": round(self.confidence, 4),
        }
        if self.weakest is not None:
            told["weakest"] = round(self.weakest, 4)
        if self.places is not None:
            told["places"] = list(self.places)
        if self.doubts is not None:
            told["doubts"] = [[index, round(sure, 3)] for index, sure in self.doubts]
        if self.hand:
            told["hand"] = True
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Line:
        box = box_from_json(data["box"])
        places = tuple(data["places"]) if data.get("places") else None
        doubts = tuple((index, sure) for index, sure in data["doubts"]) if "doubts" in data else None
        hand = data.get("hand", False)
        return cls(data["text"], box, data["confidence"], data.get("weakest"), places, doubts, hand)


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal on the paper: what it says (empty where that cannot be read), and its form: ``round`` (ovals too) or ``line``."""

    text: str
    confidence: float
    box: Box
    form: Literal["round", "line"]

    def to_json(self) -> dict[str, Any]:
        box = [[round(x, 1), round(y, 1)] for x, y in self.box]
        return {"text": self.text, "confidence": round(self.confidence, 4), "box": box, "form": self.form}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Seal:
        return cls(data["text"], data["confidence"], box_from_json(data["box"]), data["form"])


@dataclass(frozen=True, slots=True)
class PageReading:
    """One page: ``width``/``height`` in pixels of the upright page; ``rotation`` is the clockwise turn, in degrees
    (0, 90, 180, 270), that made the scan upright; ``skew`` the residual tilt in degrees, positive clockwise. ``lines`` are in
    reading order. ``seals`` are no lines: what stands along a rim belongs to no row of the text.
    """

    number: int
    width: int
    height: int
    rotation: int
    skew: float
    blank: bool
    lines: tuple[Line, ...]
    engine: EngineInfo
    problems: tuple[Problem, ...] = ()
    seals: tuple[Seal, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def renumbered(self, number: int) -> PageReading:
        return replace(self, number=number)

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "width": self.width,
            "height": self.height,
            "rotation": self.rotation,
            "skew": round(self.skew, 2),
            "blank": self.blank,
            "text": self.text,
            "lines": [line.to_json() for line in self.lines],
            "engine": self.engine.to_json(),
            "problems": [problem.to_json() for problem in self.problems],
            "seals": [seal.to_json() for seal in self.seals],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PageReading:
        return cls(
            number=data["number"],
            width=data["width"],
            height=data["height"],
            rotation=data["rotation"],
            skew=data["skew"],
            blank=data["blank"],
            lines=tuple(Line.from_json(line) for line in data["lines"]),
            engine=EngineInfo(**data["engine"]),
            problems=tuple(Problem.from_json(problem) for problem in data["problems"]),
            seals=tuple(Seal.from_json(seal) for seal in data.get("seals", ())),
        )


@dataclass(frozen=True, slots=True)
class FieldReading:
    """One value of one field. ``value`` is normalised (yuan as a decimal string, ISO 8601 dates, upper-case ID
    numbers); ``raw`` is what stood on the page; ``check`` tells whether a validator passed it; ``repaired``: characters were
    exchanged to pass it; ``share``: what a party holds of the whole, in percent (``"50"``).
    """

    name: str
    value: str
    raw: str
    page: int
    box: Box
    confidence: float
    check: Check
    repaired: bool = False
    share: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "raw": self.raw,
            "page": self.page,
            "box": [[round(x, 1), round(y, 1)] for x, y in self.box],
            "confidence": round(self.confidence, 4),
            "check": self.check,
            "repaired": self.repaired,
        } | ({"share": self.share} if self.share is not None else {})


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """One document (件) out of a file: which pages, what type (``DOCUMENT_TYPES``), by what (``rules``, ``model 3``) and which
    words, which fields by ``FIELD_NAMES``."""

    pages: tuple[int, ...]
    type: str
    confidence: float
    fields: Mapping[str, tuple[FieldReading, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    words: tuple[str, ...] = ()
    by: str = "rules"

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": list(self.pages),
            "type": self.type,
            "confidence": round(self.confidence, 4),
            "type_by": self.by,
            "type_words": list(self.words),
            "fields": {name: [value.to_json() for value in values] for name, values in self.fields.items()},
        }


def box_from_json(data: list[list[float]]) -> Box:
    (a, b), (c, d), (e, f), (g, h) = data
    return ((a, b), (c, d), (e, f), (g, h))
