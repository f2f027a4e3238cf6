"""Where a stretch of a line stands on its page, by the width that type gives its signs. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate

from services.kernel.paper import Box, Point


def bounds(box: Box) -> tuple[float, float, float, float]:
    """The left, top, right and bottom of a box that may lean."""
    across, down = zip(*box, strict=True)
    return min(across), min(down), max(across), max(down)


def part_of_box(line: str, box: Box, start: int, end: int) -> Box:
    """Return the part of a line's box that ``line[start:end]`` takes up by its share of the width.

    Columns of vertical writing are divided from top to bottom.
    """
    advance = list(accumulate(map(_width, line), initial=0))
    first, last = advance[start] / advance[-1], advance[end] / advance[-1]
    top_left, top_right, bottom_right, bottom_left = box
    if len(line) > 1 and _distance(top_left, bottom_left) > 1.5 * _distance(top_left, top_right):
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


@lru_cache(maxsize=8192)
def _width(char: str) -> float:
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
