"""Where on an item's pages the words of a search stand. Pure.

The search answers with the best few snippets and their boxes; a page may hold the same words more often. So what the snippets
highlight is looked for in all lines of the item's text, and a line's box is cut to the words by their share of its width.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

Box = Sequence[Sequence[float]]


def found_words(snippets: Iterable[Mapping[str, Any]]) -> list[re.Pattern[str]]:
    """What the snippets highlight, as patterns: spaces that OCR put between signs do not matter, a masked sign is any sign."""
    words = {snippet["text"][start:end] for snippet in snippets for start, end in snippet["highlights"]}
    bare = {"".join(word.split()) for word in words}
    return [_pattern(word) for word in sorted(bare) if word]


def boxes(page: Mapping[str, Any], patterns: Sequence[re.Pattern[str]]) -> list[Box]:
    """The places of the words on one page of ``GET /items/{id}/text``."""
    return [
        part_of(line["box"], line["text"], *match.span(), line.get("places"))
        for line in page["lines"]
        for pattern in patterns
        for match in pattern.finditer(line["text"])
    ]


def of_snippets(snippets: Iterable[Mapping[str, Any]], page: int) -> list[Box]:
    """The boxes that the search itself gave for a page."""
    return [box for snippet in snippets if snippet["page"] == page for box in snippet["boxes"]]


def part_of(box: Box, text: str, start: int, end: int, places: Sequence[int] | None = None) -> Box:
    """The part of a line's box that ``text[start:end]`` takes up: by the line's own ``places`` where it has them (edges of each
    character in thousandths of its length); else full-width characters count twice (UAX 11)."""
    if places and len(places) == 2 * len(text) and start < end:
        first, last = places[2 * start] / 1000, places[2 * end - 1] / 1000
    else:
        advance = list(accumulate((2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text), initial=0))
        first, last = advance[start] / advance[-1], advance[end] / advance[-1]
    top_left, top_right, bottom_right, bottom_left = box
    if len(text) > 1 and _far(top_left, bottom_left) > 1.5 * _far(top_left, top_right):  # a column of vertical writing
        return [
            _between(top_left, bottom_left, first),
            _between(top_right, bottom_right, first),
            _between(top_right, bottom_right, last),
            _between(top_left, bottom_left, last),
        ]
    return [
        _between(top_left, top_right, first),
        _between(top_left, top_right, last),
        _between(bottom_left, bottom_right, last),
        _between(bottom_left, bottom_right, first),
    ]


def _pattern(word: str) -> re.Pattern[str]:
    signs = [r"\S" if sign == "*" else re.escape(sign) for sign in word]
    return re.compile(r"\s*".join(signs), re.IGNORECASE)


def _between(a: Sequence[float], b: Sequence[float], share: float) -> list[float]:
    return [round(a[0] + (b[0] - a[0]) * share, 1), round(a[1] + (b[1] - a[1]) * share, 1)]


def _far(a: Sequence[float], b: Sequence[float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
