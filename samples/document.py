"""A sample document: its sheets and what is true of them, and how fields are noted while a form is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from PIL import Image

from samples import money
from samples.sheet import Sheet
from samples.truth import DocumentTruth, PageTruth


@dataclass
class Facts:
    """Collects fields while a form is written: normalised values, and the same as printed."""

    values: dict[str, list[str]] = field(default_factory=dict)
    raw: dict[str, list[str]] = field(default_factory=dict)

    def note(self, name: str, value: str, printed: str | None = None) -> str:
        """Notes a value of field ``name``; returns what to print, so that it can be written in place."""
        shown = value if printed is None else printed
        self.values.setdefault(name, []).append(value)
        self.raw.setdefault(name, []).append(shown)
        return shown

    def day(self, name: str, day: date, style: int = 0, printed: str | None = None) -> str:
        return self.note(name, day.isoformat(), printed or money.written(day, style))

    def money(self, name: str, amount: Decimal, printed: str | None = None) -> str:
        return self.note(name, money.plain(amount), printed or money.grouped(amount))

    def words(self, amount: Decimal) -> str:
        return self.note("amount_in_words", money.words(amount))

    def truth(self, kind: str, pages: int) -> DocumentTruth:
        frozen = {name: tuple(values) for name, values in self.values.items()}
        printed = {name: tuple(values) for name, values in self.raw.items()}
        return DocumentTruth(tuple(range(1, pages + 1)), kind, frozen, printed)


@dataclass(frozen=True)
class Document:
    """Sheets in order, and the documents on them with page numbers counted from 1 within ``sheets``."""

    kind: str
    sheets: tuple[Sheet, ...]
    truths: tuple[DocumentTruth, ...]

    def images(self, dpi: int = 300) -> list[Image.Image]:
        """Each sheet as an upright RGB picture."""
        return [sheet.render(dpi) for sheet in self.sheets]

    @property
    def pages(self) -> list[Image.Image]:
        return self.images()

    def page_truths(self) -> dict[int, PageTruth]:
        return {number: sheet.truth() for number, sheet in enumerate(self.sheets, start=1)}


def single(kind: str, sheets: Sequence[Sheet], facts: Facts) -> Document:
    """A document that is one 件."""
    return Document(kind, tuple(sheets), (facts.truth(kind, len(sheets)),))


def stacked(documents: Sequence[Document]) -> Document:
    """Several documents fed through the scanner as one stack; their page numbers are moved along."""
    sheets: list[Sheet] = []
    truths: list[DocumentTruth] = []
    for document in documents:
        offset = len(sheets)
        truths.extend(replace(t, pages=tuple(page + offset for page in t.pages)) for t in document.truths)
        sheets.extend(document.sheets)
    return Document("stack", tuple(sheets), tuple(truths))
