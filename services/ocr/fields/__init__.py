"""Fields of a document from rules: pure functions over the pages as read.

``rules`` says what each type of document has, ``labels`` what the forms call it, ``finder`` how a label leads to its
value (and how sure that is), ``parsers`` what a value means, ``tables`` what stands in two-sided blocks, ``cards`` what on each
of several cards, ``agreement`` what the values say about each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.kernel.boxes import bounds
from services.kernel.paper import FieldReading, PageReading
from services.ocr.fields import cards, labels
from services.ocr.fields.agreement import agreed
from services.ocr.fields.confidence import calibrated
from services.ocr.fields.finder import IN_PROSE, IN_TABLES, ON_CARDS, Finder, unique
from services.ocr.fields.rules import CARDS, REGISTERS, RULES, TABLES
from services.ocr.fields.sheet import Sheet
from services.ocr.fields.tables import SIDES, two_sided

_COVERED = 0.1  # of the box of a value's lines
_HAND = 0.9  # below what policy lets pass unseen (``filing.review_below``)
Bounds = tuple[float, float, float, float]


def weighed(pages: Sequence[PageReading], document_type: str) -> dict[str, tuple[FieldReading, ...]]:
    """The same with all that their confidence is made of."""
    sides = cards.apart(pages) if document_type in CARDS else []
    if len(sides) < 2:
        return _together(pages, document_type)
    found: dict[str, list[FieldReading]] = {}
    for side in sides:
        for name, values in _together(side, document_type).items():
            found.setdefault(name, []).extend(values)
    return {name: unique(values) for name, values in found.items()}


def _together(pages: Sequence[PageReading], document_type: str) -> dict[str, tuple[FieldReading, ...]]:
    """The fields of pages that speak of one thing, each checked against the others."""
    rules = RULES.get(document_type, ())
    inside = ON_CARDS if document_type in CARDS else IN_TABLES if document_type in TABLES else IN_PROSE
    weak = frozenset[str]() if document_type in REGISTERS else labels.WEAK
    stops = () if document_type in CARDS else (*labels.FOOTER_STOPS, *SIDES.get(document_type, ()))
    finder = Finder(Sheet(pages), rules, stops, inside=inside, weak=weak)
    found = {rule.field: finder.find(rule) for rule in rules} | two_sided(finder, document_type)
    return agreed(finder.sheet, {name: values for name, values in found.items() if values})


def extract(pages: Sequence[PageReading], document_type: str) -> dict[str, tuple[FieldReading, ...]]:
    """The fields of one document of ``document_type``; names of ``FIELD_NAMES``, values in reading order, none empty, each
    with a calibrated confidence."""
    engine = pages[0].engine.name if pages else ""
    found = weighed(pages, document_type)
    seals = {page.number: [bounds(seal.box) for seal in page.seals] for page in pages}
    hands = {page.number: [bounds(line.box) for line in page.lines if line.hand] for page in pages}
    return {
        name: tuple(_seen(calibrated(one, engine, sealed=_covered(one, seals[one.page])), hands[one.page]) for one in values)
        for name, values in found.items()
    }


def _seen(one: FieldReading, hands: Sequence[Bounds]) -> FieldReading:
    """What was written by hand is for a person to look at, whatever check it passed: the models were trained on print."""
    return replace(one, confidence=min(one.confidence, _HAND)) if _covered(one, hands) else one


def _covered(one: FieldReading, seals: Sequence[Bounds]) -> bool:
    """Whether a seal lies over a good part of the lines that the value was read from."""
    left, top, right, bottom = bounds(one.box)
    for x, y, end, foot in seals:
        shared = max(0.0, min(right, end) - max(left, x)) * max(0.0, min(bottom, foot) - max(top, y))
        if shared > _COVERED * (right - left) * (bottom - top):
            return True
    return False
