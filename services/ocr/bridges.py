"""A line in which the finder left a gap, because a seal runs through it, is read once more as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import numpy as np

from services.kernel.boxes import bounds
from services.kernel.paper import Box, Line
from services.ocr import pixels as px
from services.ocr.engines.port import Engine
from services.ocr.pixels import Mask, Pixels

_WIDTH = (0.8, 14.0)  # of a gap, in heights of its line
_LEVEL, _AS_HIGH = 0.3, 1.6  # of a height: how far one may lie lower; and the higher by the lower at most
_INKED = 0.6  # of the gap's columns have ink, as those of writing do
_RULE, _UNBROKEN = 2.5, 0.85  # heights of the line, up and down; and how much of that a rule between two cells has ink
_FEWEST = 2  # characters in a gap, and at most in what a finder took for a line there
_ALIKE, _SURE, _WEAKEST = 0.8, 0.85, 0.3  # the text on either side as before; how sure the whole, and each character


_NOTHING = Line("", ((0.0, 0.0),) * 4, 0.0)


def bridged(lines: Sequence[Line], grey: Pixels, clear: Pixels, engine: Engine) -> list[Line]:
    """Two lines of the page ``grey`` with written paper between them are one, where the stronger reader reads both again and
    something between them. ``clear`` is the page without what may have torn them, so that rules can be told."""
    whole = list(lines)
    for left, right in list(_gaps(whole, clear)):
        first, second = whole[left], whole[right]
        if not first.text:  # it is a part of another by now
            continue
        (again,) = engine.reread(grey, [Line("", _from_to(first.box, second.box), 0.0)])
        if _holds(again, first.text, second.text):
            # the right one takes in the left one and scraps between them: the next gap begins where it ends
            whole = [_NOTHING if _is_scrap(line) and _within(line, again) else line for line in whole]
            whole[left], whole[right] = _NOTHING, again
    return [line for line in whole if line.text]


def _gaps(lines: Sequence[Line], clear: Pixels) -> Iterator[tuple[int, int]]:
    """Neighbours in a row with writing between them, from left to right."""
    places = {index: bounds(line.box) for index, line in enumerate(lines) if not _is_scrap(line)}
    for left in sorted(places, key=lambda index: places[index][0]):
        height = _height(lines[left])
        (_, top), (_, bottom) = lines[left].box[1:3]
        middle, end = (top + bottom) / 2, places[left][2]
        behind = [index for index, place in places.items() if place[0] > end and _level(lines[index], middle, height)]
        right = min(behind, key=lambda index: places[index][0], default=None)
        if right is None or not _WIDTH[0] * height < (start := places[right][0]) - end < _WIDTH[1] * height:
            continue
        between = any(x < start and far > end and y < middle < foot for x, y, far, foot in places.values())
        if not between and _written_on(clear, (end, start), middle, height):
            yield left, right


def _is_scrap(line: Line) -> bool:
    return len(line.text) <= _FEWEST and line.confidence < _SURE


def _within(scrap: Line, whole: Line) -> bool:
    left, top, right, bottom = bounds(scrap.box)
    begin, head, end, foot = bounds(whole.box)
    return begin < (left + right) / 2 < end and head < (top + bottom) / 2 < foot


def _level(line: Line, middle: float, height: float) -> bool:
    """Whether a line begins where another ends, and is about as high."""
    begins = (line.box[0][1] + line.box[3][1]) / 2
    high = _height(line)
    return bool(abs(begins - middle) < _LEVEL * height and max(high, height) < _AS_HIGH * min(high, height))


def _height(line: Line) -> float:
    (x, y), _, _, (other_x, other_y) = line.box
    return max(1.0, float(np.hypot(other_x - x, other_y - y)))


def _written_on(clear: Pixels, across: tuple[float, float], middle: float, height: float) -> bool:
    """Whether ink runs through a part of a row as writing does, and no upright rule parts it."""
    row, around = (_dark(clear, across, middle, reach * height) for reach in (0.5, _RULE))
    if not row.size or float(row.any(axis=0).mean()) < _INKED:
        return False
    wide = max(1, round(height / 4))  # a rule leans with the page
    ruled = [around[:, start : start + wide].any(axis=1).mean() for start in range(0, around.shape[1], wide)]
    return bool(max(ruled) < _UNBROKEN)


def _dark(page: Pixels, across: tuple[float, float], middle: float, reach: float) -> Mask:
    top, bottom, left, right = (max(0, round(each)) for each in (middle - reach, middle + reach, *across))
    return px.inked(page[top:bottom, left:right])


def _from_to(left: Box, right: Box) -> Box:
    return left[0], right[1], right[2], left[3]


def _holds(again: Line, left: str, right: str) -> bool:
    rest = len(again.text) - len(right)
    if rest - len(left) < _FEWEST or again.confidence < _SURE or (again.weakest or 1.0) < _WEAKEST:
        return False
    return _alike(again.text[: len(left)], left) and _alike(again.text[rest:], right)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
