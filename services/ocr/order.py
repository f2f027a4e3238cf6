"""From boxes to reading order: the page's tilt, its columns, its rows. The picture itself is never turned by degrees.

Tables and forms are read row by row; running text that is set in columns, column by column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from services.kernel.paper import Box, Line
from services.ocr.text import joined, tidy

_SAME_ROW = 0.5  # of the lower line's height, between middles
_SAME_LINE = 0.3  # of the height: a narrower gap was cut by the engine, not by the writer (boxes have a margin already)
_COLUMN_LINES = 5
_COLUMN_FILL = 0.7  # running text fills its column; a table's cells do not
_LONGEST_TILT = 30.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line in coordinates along and across the page's own writing direction."""

    line: Line
    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top


def tilt(lines: Sequence[Line]) -> float:
    """Residual skew in degrees, positive clockwise: the median slope of the longer lines, weighted by their length."""
    slopes = []
    for line in lines:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.box
        width, rise = (x1 - x0 + x2 - x3) / 2, (y1 - y0 + y2 - y3) / 2
        height = abs(y3 - y0 + y2 - y1) / 2
        if width > 4 * max(height, 1.0):
            slopes.append((math.degrees(math.atan2(rise, width)), width))
    if not slopes:
        return 0.0
    slopes.sort()
    half, passed = sum(width for _, width in slopes) / 2, 0.0
    for slope, width in slopes:
        passed += width
        if passed >= half:
            return slope if abs(slope) <= _LONGEST_TILT else 0.0
    return slopes[-1][0]


def in_reading_order(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines as a person reads them, tidied; pieces of one line are put together."""
    angle = math.radians(tilt(lines))
    placed = [_place(line, angle) for line in lines if tidy(line.text)]
    return tuple(line for block in _blocks(placed) for row in _rows(block) for line in _mended(row))


def _place(line: Line, angle: float) -> _Placed:
    cosine, sine = math.cos(angle), math.sin(angle)
    along = [x * cosine + y * sine for x, y in line.box]
    across = [y * cosine - x * sine for x, y in line.box]
    top, bottom = (across[0] + across[1]) / 2, (across[2] + across[3]) / 2
    return _Placed(line, min(along), max(along), min(top, bottom), max(top, bottom))


def _blocks(placed: list[_Placed]) -> list[list[_Placed]]:
    """The page as one block; or, where running text stands in two columns, bands from top to bottom and column by column."""
    gutter = _gutter(placed)
    if gutter is None:
        return [placed]
    bands, inside = [list[_Placed]()], True
    for item in sorted(placed, key=lambda item: item.middle):
        crosses = item.left < gutter < item.right
        if crosses == inside:
            bands.append([])
            inside = not inside
        bands[-1].append(item)
    blocks = [_columns(band, gutter) for band in bands]
    return [side for sides in blocks for side in sides] if any(len(sides) > 1 for sides in blocks) else [placed]


def _gutter(placed: list[_Placed]) -> float | None:
    """Where a white strip may part two columns: near the middle, crossed by few lines (headings)."""
    if len(placed) < 2 * _COLUMN_LINES:
        return None
    left, right = min(item.left for item in placed), max(item.right for item in placed)
    places = [left + (right - left) * share / 100 for share in range(35, 66)]
    crossings = [sum(item.left < place < item.right for item in placed) for place in places]
    fewest = min(crossings)
    if fewest > len(placed) * 0.15:
        return None
    best = [place for place, crossed in zip(places, crossings, strict=True) if crossed == fewest]
    return best[len(best) // 2]


def _columns(band: list[_Placed], gutter: float) -> list[list[_Placed]]:
    left, right = [item for item in band if item.right <= gutter], [item for item in band if item.left >= gutter]
    return [left, right] if _runs(left) and _runs(right) else [band]


def _runs(side: list[_Placed]) -> bool:
    """Whether these lines are running text: enough of them, and most fill the column."""
    if len(side) < _COLUMN_LINES:
        return False
    width = max(item.right for item in side) - min(item.left for item in side)
    return median((item.right - item.left) / width for item in side) >= _COLUMN_FILL


def _rows(block: list[_Placed]) -> list[list[_Placed]]:
    rows: list[list[_Placed]] = []
    for item in sorted(block, key=lambda item: item.middle):
        row = rows[-1] if rows else []
        if row and abs(item.middle - median(other.middle for other in row)) < _SAME_ROW * min(
            item.height, median(other.height for other in row)
        ):
            row.append(item)
        else:
            rows.append([item])
    return [sorted(row, key=lambda item: item.left) for row in rows]


def _mended(row: list[_Placed]) -> list[Line]:
    """Neighbours with less than a character between them are one line."""
    lines: list[Line] = []
    end = -math.inf
    for item in row:
        gap = item.left - end
        if lines and -item.height < gap < _SAME_LINE * item.height:
            lines[-1] = _together(lines[-1], item.line)
        else:
            lines.append(Line(tidy(item.line.text), item.line.box, item.line.confidence))
        end = max(end, item.right)
    return lines


def _together(left: Line, right: Line) -> Line:
    box: Box = (left.box[0], right.box[1], right.box[2], left.box[3])
    first, second = len(left.text), len(right.text)
    confidence = (left.confidence * first + right.confidence * second) / max(1, first + second)
    return Line(joined(left.text, right.text), box, confidence)
