"""Page numbers (页码) as printed at the head or foot: 第2页 共5页, 2/5, - 2 -; and what their order says is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.kernel.paper import Line, PageReading, Problem
from services.ocr.fields.text import fold

_EDGE = 0.12  # of the page's height, at the head and at the foot
_OF = re.compile(r"第(\d{1,3})页[/,;|]?共(\d{1,3})页|共(\d{1,3})页[/,;|]?第(\d{1,3})页|^[-(]?(\d{1,3})/(\d{1,3})[-)]?$")
_ALONE = re.compile(r"^第(\d{1,3})页$|^-+(\d{1,3})-+$|^(\d{1,3})$")


@dataclass(frozen=True, slots=True)
class PageNumber:
    """``number`` of ``total``; the total is None where it is not printed. ``line`` is where it stands."""

    number: int
    total: int | None
    line: Line


def page_number(page: PageReading) -> PageNumber | None:
    """The number printed on the page, the foot before the head."""
    edges = [line for line in page.lines if _at_edge(line, page.height)]
    for pattern in (_OF, _ALONE):
        for line in reversed(edges):
            if (match := pattern.search(re.sub(r"\s", "", fold(line.text)))) and (found := _number(match, line)):
                return found
    return None


def missing(pages: Sequence[PageReading]) -> Iterator[Problem]:
    """Gaps and swapped pages in one document, by the numbers printed on it (DA/T 31-2017: 完整, 顺序)."""
    numbered = [(page, found) for page in pages if (found := page_number(page)) is not None and found.total is not None]
    seen = {found.number for _, found in numbered}
    totals = {found.total for _, found in numbered}
    if len(totals) != 1:
        return
    (total,) = totals
    if gone := sorted(set(range(1, (total or 0) + 1)) - seen):
        text = ", ".join(map(str, gone))
        detail = f"The pages are numbered to {total}, but page {text} is not there. Look for it and scan it."
        yield Problem("page_missing", detail, numbered[-1][0].number)
    for (_, before), (page, after) in pairwise(numbered):
        if after.number <= before.number:
            detail = f"Page {after.number} follows page {before.number}. Put the pages in order, or take out the second copy."
            yield Problem("page_order", detail, page.number)


def _at_edge(line: Line, height: int) -> bool:
    middle = sum(y for _, y in line.box) / 4
    return middle < _EDGE * height or middle > (1 - _EDGE) * height


def _number(match: re.Match[str], line: Line) -> PageNumber | None:
    groups = [int(group) for group in match.groups() if group]
    if match.re is _OF:
        number, total = (groups[1], groups[0]) if match.group().startswith("共") else (groups[0], groups[1])
        return PageNumber(number, total, line) if 1 <= number <= total else None
    return PageNumber(groups[0], None, line) if groups[0] else None
