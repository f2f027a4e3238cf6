"""Snippets: the stretch of a page around what was found, with the places to mark in text and picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.kernel.boxes import part_of_box
from services.search import tokens
from services.search.index.pages import PackedPage, StoredPage, unpack
from services.search.index.port import Snippet
from services.search.query import Field, Lookup, Node, Term, leaves

WIDTH = 60
"""Characters of a snippet, about."""

MOST = 3
"""Snippets of an item."""

_MOST_MARKS = 50


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for: a normal form; ``masked`` if it is the mask of an identifier and must stand on a mask."""

    form: str
    masked: bool = False


def needles(query: Node) -> tuple[Needle, ...]:
    """Return what a query looks for in text, in its order, without what it excludes."""
    found: dict[Needle, None] = {}
    for leaf in leaves(query, positive_only=True):
        if isinstance(leaf, Term | Field):
            found[Needle(tokens.normal(leaf.text))] = None
        elif isinstance(leaf, Lookup):
            found[Needle(tokens.normal(leaf.shown), masked=True)] = None
    return tuple(needle for needle in found if needle.form)


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    needle: Needle


def snippets(packed: Sequence[PackedPage], wanted: Sequence[Needle]) -> tuple[Snippet, ...]:
    """Return up to ``MOST`` snippets of an item's pages, such as show every needle before they show one twice."""
    page_at = lru_cache(maxsize=None)(lambda index: unpack(*packed[index]))
    marks = lru_cache(maxsize=None)(lambda index: _marks(page_at(index), wanted))
    windows: list[tuple[int, int, int]] = []
    seen: set[Needle] = set()
    for fresh_only in (True, False):
        for index in range(len(packed)):
            if len(windows) == MOST or (fresh_only and len(seen) == len(wanted)):
                break
            for mark in marks(index):
                covered = any(i == index and start <= mark.start and mark.end <= end for i, start, end in windows)
                if covered:
                    seen.add(mark.needle)
                elif len(windows) < MOST and not (fresh_only and mark.needle in seen):
                    windows.append((index, *_window(page_at(index).text, mark)))
                    seen.add(mark.needle)
    if not windows and packed:
        windows = [(0, *_window(page_at(0).text, None))]
    return tuple(_cut(page_at(index), marks(index), start, end) for index, start, end in sorted(windows))


def _marks(page: StoredPage, wanted: Sequence[Needle]) -> list[_Mark]:
    """Return where the needles stand in a page's text, in order, overlapping ones of several needles included."""
    form, marks = page.aligned.form, list[_Mark]()
    for needle in wanted:
        position = form.find(needle.form)
        while position >= 0 and len(marks) < _MOST_MARKS:
            start, end = page.aligned.span(position, position + len(needle.form))
            if not needle.masked or "*" in page.text[start:end]:
                marks.append(_Mark(start, end, needle))
            position = form.find(needle.form, position + 1)
    return sorted(marks, key=lambda mark: (mark.start, mark.end))


def _window(text: str, mark: _Mark | None) -> tuple[int, int]:
    """Return a stretch of ``WIDTH`` characters with the mark near its middle, widened if the mark is longer."""
    start, end = (mark.start, mark.end) if mark else (0, 0)
    spare = max(WIDTH - (end - start), 0)
    first = max(0, min(start - spare // 2, len(text) - WIDTH))
    return first, min(len(text), max(end, first + WIDTH))


def _cut(page: StoredPage, marks: list[_Mark], start: int, end: int) -> Snippet:
    inside: list[tuple[int, int]] = []
    for mark in marks:
        if start <= mark.start and mark.end <= end:
            if inside and mark.start < inside[-1][1]:
                inside[-1] = (inside[-1][0], max(inside[-1][1], mark.end))
            else:
                inside.append((mark.start, mark.end))
    return Snippet(
        page.number,
        page.text[start:end].replace("\n", " "),
        tuple((first - start, last - start) for first, last in inside),
        tuple(part_of_box(*part) for first, last in inside for part in page.lines(first, last)),
        start,
    )
