"""Writing in columns (竖排): which lines of a page stand upright side by side, and their order from right to left.

An upright caption in a form's box is no such writing: a block of columns has several, close together and long; or nearly all of
the page is upright, as on an envelope.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import Protocol, TypeVar

from services.kernel.paper import Line

_UPRIGHT = 1.5  # times as high as wide
_LEAST, _LONG = 2, 6  # columns of a block, and characters of its columns: captions are shorter
_NEAR = 2.8  # widths between neighbours of one block: a column of one character between them is not seen as one at first
_MOSTLY = 0.7  # of a page's characters: then all that stand upright are one block
_SAME = 0.6  # of the narrower one's width: pieces that stand so are one column
_BROKEN = 1.0  # widths between pieces of one column


class Placed(Protocol):
    """A line in coordinates along and across the page's own writing."""

    @property
    def line(self) -> Line: ...
    @property
    def left(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def bottom(self) -> float: ...


P = TypeVar("P", bound=Placed)
Column = list[P]
"""The pieces of one column, from top to bottom."""


def upright(item: Placed) -> bool:
    return item.bottom - item.top > _UPRIGHT * (item.right - item.left) and len(item.line.text) > 1


def blocks_of_columns(placed: Sequence[P]) -> list[list[Column[P]]]:
    """The blocks of a page that are written in columns, each as its columns from right to left. What is in none of them is
    written across."""
    standing = [item for item in placed if upright(item)]
    if len(standing) < _LEAST:
        return []
    written = sum(len(item.line.text) for item in placed)
    if sum(len(item.line.text) for item in standing) >= _MOSTLY * written:
        blocks = [standing]
    else:
        blocks = [block for block in _neighbours(standing) if _is_writing(block)]
    written_down, free = list[list[Column[P]]](), [item for item in placed if not any(item in block for block in blocks)]
    for block in blocks:
        short = _short_ones(block, free)
        free = [item for item in free if item not in short]
        written_down.append(_from_right([*block, *short]))
    return written_down


def _neighbours(standing: Sequence[P]) -> list[list[P]]:
    blocks: list[list[P]] = []
    for item in sorted(standing, key=lambda item: -item.right):
        near = [block for block in blocks if any(_beside(item, other) for other in block)]
        blocks = [block for block in blocks if block not in near]
        blocks.append([*(other for block in near for other in block), item])
    return blocks


def _beside(item: Placed, other: Placed) -> bool:
    width = min(item.right - item.left, other.right - other.left)
    apart = max(item.left, other.left) - min(item.right, other.right)
    return apart < _NEAR * width and (min(item.bottom, other.bottom) > max(item.top, other.top) or apart < 0)


def _is_writing(block: Sequence[Placed]) -> bool:
    return len(block) >= _LEAST and median(len(item.line.text) for item in block) >= _LONG


def _short_ones(block: Sequence[P], free: Sequence[P]) -> list[P]:
    """A column's last one or two characters that stand alone: they are not higher than wide, but inside the block."""
    width = fmean(item.right - item.left for item in block)
    left, right = min(item.left for item in block) - 2 * width, max(item.right for item in block) + 2 * width
    top, bottom = min(item.top for item in block) - width, max(item.bottom for item in block)
    return [
        item
        for item in free
        if item.right - item.left <= 1.4 * width
        and left <= item.left
        and item.right <= right
        and top <= item.top
        and item.bottom <= bottom
    ]


def _from_right(items: Sequence[P]) -> list[Column[P]]:
    columns: list[Column[P]] = []
    for item in sorted(items, key=lambda item: item.top):
        column = next((each for each in columns if _goes_on(each[-1], item)), None)
        if column is None:
            columns.append([item])
        else:
            column.append(item)
    return sorted(columns, key=lambda column: -median((item.left + item.right) / 2 for item in column))


def _goes_on(above: Placed, below: Placed) -> bool:
    width = min(above.right - above.left, below.right - below.left)
    shared = min(above.right, below.right) - max(above.left, below.left)
    return shared >= _SAME * width and -width < below.top - above.bottom <= _BROKEN * width
