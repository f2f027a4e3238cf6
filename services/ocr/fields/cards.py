"""Several identity cards (居民身份证) copied onto one page, as those of a couple are: each side is read by itself, so that a
name, a birth date and a number are those of one card.

Where the sides lie is told by labels whose places on the card are fixed; what is printed elsewhere, such as what the copy is
for, goes with the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from services.kernel.paper import PageReading
from services.ocr.fields.sheet import Cell, Sheet

_NAME, _NUMBER = re.compile(r"\s*姓\s*名"), re.compile(r"\s*公民身份")
_ISSUER, _PERIOD = re.compile(r"\s*签发机关"), re.compile(r"\s*有效期限")
# Millimetres on the card from what is looked for to its middle (85.6 × 54 mm, ISO/IEC 7810 ID-1).
_NUMBER_TO_MIDDLE, _NAME_TO_NUMBER = (37.8, -20.5), 39.5
_ISSUER_TO_MIDDLE, _ISSUER_TO_PERIOD = (28.8, -11.0), 7.0
_COLUMN = 12.0  # so much further right or left than the number the name of the same card may begin


@dataclass(frozen=True, slots=True)
class _Side:
    """The middle of one side of a card, in pixels of the levelled page."""

    x: float
    y: float


def apart(pages: Sequence[PageReading]) -> list[tuple[PageReading, ...]]:
    """The pages as they are where each shows one card at most; else each side by itself, in reading order, as a page of its own
    with the same number."""
    sheet = Sheet(pages)
    found = {page.number: _sides(sheet.on_page(page.number)) for page in pages}
    if all(len(fronts) < 2 and len(backs) < 2 for fronts, backs in found.values()):
        return [tuple(pages)]
    return [(part,) for page in pages for part in _parted(page, sheet, (*found[page.number][0], *found[page.number][1]))]


def _parted(page: PageReading, sheet: Sheet, sides: Sequence[_Side]) -> Iterator[PageReading]:
    if len(sides) < 2:
        yield page
        return
    lines: dict[_Side, list[int]] = {}
    for cell in sheet.on_page(page.number):
        x, y = (cell.left + cell.right) / 2, cell.middle
        nearest = min(sides, key=lambda side: max(abs(side.x - x) / 85.6, abs(side.y - y) / 54.0))
        lines.setdefault(nearest, []).append(cell.order)
    for some in sorted(lines.values()):
        yield replace(page, lines=tuple(page.lines[index] for index in some))


def _sides(cells: Sequence[Cell]) -> tuple[list[_Side], list[_Side]]:
    """The fronts and the backs on one page."""
    numbers, names = _labels(cells, _NUMBER), _labels(cells, _NAME)
    issuers, periods = _labels(cells, _ISSUER), _labels(cells, _PERIOD)
    scales = [*_scales(numbers, names, -_NAME_TO_NUMBER), *_scales(issuers, periods, _ISSUER_TO_PERIOD)]
    if not scales:
        return [], []
    scale = median(scales)
    fronts = [_middle(cell, _NUMBER_TO_MIDDLE, scale) for cell in numbers]
    return fronts, [_middle(cell, _ISSUER_TO_MIDDLE, scale) for cell in issuers]


def _labels(cells: Sequence[Cell], pattern: re.Pattern[str]) -> list[Cell]:
    return [cell for cell in cells if pattern.match(cell.text)]


def _scales(labels: Sequence[Cell], others: Sequence[Cell], millimetres: float) -> Iterator[float]:
    """Pixels a millimetre, by how far the nearest of the other labels stands above or below each."""
    for label in labels:
        apart = [
            scale
            for other in others
            if (scale := (other.middle - label.middle) / millimetres) > 0 and abs(other.left - label.left) < _COLUMN * scale
        ]
        if apart:
            yield min(apart)


def _middle(cell: Cell, to_middle: tuple[float, float], scale: float) -> _Side:
    across, down = to_middle
    return _Side(cell.left + across * scale, cell.middle + down * scale)
