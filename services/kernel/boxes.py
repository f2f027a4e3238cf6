"""Where a stretch of a line stands on its page, by the width that type gives its signs. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from services.kernel.paper import Box, Point

_EVEN = re.compile("[\u4e00-\u9fff]+")  # nothing but Han: most lines, and told in a hundredth of the time


def bounds(box: Box) -> tuple[float, float, float, float]:
    """The left, top, right and bottom of a box that may lean."""
    across, down = zip(*box, strict=True)
    return min(across), min(down), max(across), max(down)


def part_of_box(line: str, box: Box, start: int, end: int, places: Sequence[int] | None = None) -> Box:
    """Return the part of a line's box that ``line[start:end]`` takes up: by ``places`` (``paper.Line.places``) where the line
    has them, else by its share of the width.

    Columns of vertical writing are divided from top to bottom.
    """
    if places is not None and len(places) == 2 * len(line) and start < end:
        first, last = places[2 * start] / 1000, places[2 * end - 1] / 1000
    elif _EVEN.fullmatch(line):
        first, last = start / len(line), end / len(line)
    else:
        advance = advances(line)
        first, last = advance[start] / advance[-1], advance[end] / advance[-1]
    top_left, top_right, bottom_right, bottom_left = box
    if is_column(line, box):
        return (
            _between(top_left, bottom_left, first),
            _between(top_right, bottom_right, first),
            _between(top_right, bottom_right, last),
            _between(top_left, bottom_left, last),
        )
    return (
        _between(top_left, top_right, first),
        _between(top_left, top_right, last),
        _between(bottom_left, bottom_right, last),
        _between(bottom_left, bottom_right, first),
    )


def is_column(line: str, box: Box) -> bool:
    """Whether a line's characters stand one below the other."""
    return len(line) > 1 and _distance(box[0], box[3]) > 1.5 * _distance(box[0], box[1])


def advances(line: str) -> list[float]:
    """Where each character of a line begins, and the last one ends, in ems, as type sets it."""
    return list(accumulate(map(type_width, line), initial=0.0))


@lru_cache(maxsize=8192)
def type_width(char: str) -> float:
    """Return about how much room a character takes in Chinese type, in ems: what is ambiguous in UAX 11 is wide there."""
    if unicodedata.east_asian_width(char) in "WFA":
        return 1.0
    if char.isupper():
        return 0.65
    return 0.55 if char.isalnum() or char == "*" else 0.3  # a mask stands for digits


def _between(a: Point, b: Point, share: float) -> Point:
    return (round(a[0] + (b[0] - a[0]) * share, 1), round(a[1] + (b[1] - a[1]) * share, 1))


def _distance(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
