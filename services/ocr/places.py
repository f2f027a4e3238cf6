"""Where in a line each of its characters stands: by the column in which the recogniser saw it, where type would not say.

Most lines are set evenly, and what type gives its signs says where each stands (``kernel.boxes``). Where a line has a wide gap,
full-width digits or a narrow face, that is off by whole characters; such a line carries its ``places`` with it: for each
character its left and right edge, in thousandths of the line's length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from services.kernel.boxes import advances, type_width
from services.kernel.paper import Line
from services.ocr.text import half_width

Places = tuple[int, ...]

_OFF = 0.4  # of an em: nearer than this, the even spread is good enough, and shorter to keep
_GAP = 0.8  # of an em beyond the usual pitch: what follows is set by itself
_STRAY = 0.35  # of an em: a character further from its neighbours' pitch stands where it was seen
_LATE = 0.06  # of an em: the recogniser sees a character a little behind its middle
_LEAST_EM, _MOST_EM = 0.4, 0.75  # of the height of a line's box, which has a margin
_UNIT = 1000


def places(text: str, centres: Sequence[float], height: float) -> Places | None:
    """``centres``: where each character of ``text`` was seen; ``height`` of the line; both in shares of its length. None where
    it is set evenly."""
    if len(text) < 2 or len(centres) != len(text):
        return None
    widths = [type_width(sign) for sign in text]
    em = _em(widths, centres, height)
    edges: list[float] = []
    for first, last in _runs(widths, centres, em):
        edges += _of_run(widths[first:last], centres[first:last], em)
    even = advances(text)
    if all(abs(edge - even[(index + 1) // 2] / even[-1]) < _OFF * em for index, edge in enumerate(edges)):
        return None
    return _rising(edges)


def _em(widths: Sequence[float], centres: Sequence[float], height: float) -> float:
    """The size of the type, in shares of the line's length: what most neighbours agree on; its height bounds it."""
    steps = [
        (after - before) / ((left + right) / 2)
        for before, after, left, right in zip(centres, centres[1:], widths, widths[1:], strict=False)
    ]
    return min(max(median(steps), _LEAST_EM * height), _MOST_EM * height)


def _runs(widths: Sequence[float], centres: Sequence[float], em: float) -> list[tuple[int, int]]:
    """The stretches [first, last) between gaps."""
    starts = [0]
    for index in range(1, len(centres)):
        usual = (widths[index - 1] + widths[index]) / 2 * em
        if centres[index] - centres[index - 1] > usual + _GAP * em:
            starts.append(index)
    return list(zip(starts, [*starts[1:], len(centres)], strict=True))


def _of_run(widths: Sequence[float], centres: Sequence[float], em: float) -> list[float]:
    """Left and right edge of each character: on the straight line through all that were seen, but for strays."""
    middles = [sum(widths[:index]) + width / 2 for index, width in enumerate(widths)]
    here, there = sum(middles) / len(middles), sum(centres) / len(centres)
    spread = sum((middle - here) ** 2 for middle in middles)
    pitch = em
    if len(widths) > 2 and spread:
        fitted = sum((m - here) * (c - there) for m, c in zip(middles, centres, strict=True)) / spread
        pitch = min(max(fitted, 0.5 * em), 2 * em)
    edges = []
    for middle, centre, width in zip(middles, centres, widths, strict=True):
        usual = there + (middle - here) * pitch
        at = (centre if abs(centre - usual) > _STRAY * em else usual) - _LATE * em
        edges += [at - width * pitch / 2, at + width * pitch / 2]
    return edges


def _rising(edges: Sequence[float]) -> Places:
    """Whole thousandths of the line, none before the one to its left."""
    rising, last = [], 0
    for edge in edges:
        last = max(last, min(_UNIT, round(edge * _UNIT)))
        rising.append(last)
    return tuple(rising)


def retyped(line: Line, text: str) -> Line:
    """The line with ``text``, which is its own with characters left out or exchanged one for one (``text.tidy``)."""
    if line.text == text:
        return line
    kept = _kept(line.text, text)
    if kept is None:
        return replace(line, text=text, places=None, doubts=None)
    places = None if line.places is None else tuple(line.places[2 * index + side] for index in kept for side in (0, 1))
    sure = dict(line.doubts or ())
    doubts = None if line.doubts is None else tuple((at, sure[index]) for at, index in enumerate(kept) if index in sure)
    return replace(line, text=text, places=places, doubts=doubts)


def _kept(before: str, after: str) -> list[int] | None:
    """For each character of ``after`` where it stood in ``before``; None where that cannot be told."""
    kept, index = list[int](), 0
    for sign in after:
        while index < len(before) and not _alike(before[index], sign):
            index += 1
        if index == len(before):
            return None
        kept.append(index)
        index += 1
    return kept


def _alike(raw: str, tidied: str) -> bool:
    return raw == tidied or half_width(raw) == tidied or (raw in "¥￥" and tidied == "¥")


def together(left: Line, right: Line, text: str) -> Places | None:
    """The places of ``text``, which two neighbours were put together to; one space between them may be new."""
    whole = _length(left) + _between(left, right) + _length(right)
    begin = _length(left) + _between(left, right)
    edges = [
        *(edge * _length(left) / whole for edge in _shares(left)),
        *(((begin + edge * _length(right)) / whole) for edge in _shares(right)),
    ]
    both = left.text + right.text
    if len(text) == len(both) + 1 and text[len(left.text)] == " ":
        edges[2 * len(left.text) : 2 * len(left.text)] = [_length(left) / whole, begin / whole]
    elif text != both:
        return None
    centres = [(a + b) / 2 for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return places(text, centres, math.dist(left.box[0], left.box[3]) / whole)


def doubts_together(left: Line, right: Line, text: str) -> tuple[tuple[int, float], ...] | None:
    """The doubts of ``text``, which two neighbours were put together to."""
    shift = len(text) - len(right.text)
    if left.doubts is None or right.doubts is None or text[: len(left.text)] != left.text or text[shift:] != right.text:
        return None
    return (*left.doubts, *((index + shift, sure) for index, sure in right.doubts))


def _shares(line: Line) -> list[float]:
    if line.places is not None:
        return [each / _UNIT for each in line.places]
    edges = advances(line.text)
    return [edge / edges[-1] for pair in pairwise(edges) for edge in pair]


def _length(line: Line) -> float:
    return max(1.0, math.dist(line.box[0], line.box[1]))


def _between(left: Line, right: Line) -> float:
    (x, y), (u, v) = left.box[1], right.box[0]
    return max(0.0, math.copysign(math.hypot(u - x, v - y), u - x))
