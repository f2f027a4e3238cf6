"""From boxes to reading order: the page's tilt, its columns, its rows. The picture itself is never turned by degrees.

A form's boxes are read row by row, each with all its lines; running text that is set in columns, column by column; what is
written from top to bottom (``columns``), from right to left.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from services.kernel.paper import Box, Line
from services.ocr.columns import blocks_of_columns, upright
from services.ocr.places import doubts_together, retyped, together
from services.ocr.text import joined, tidy

_SAME_ROW = 0.5  # of the lower line's height, between middles
_SAME_LINE = 0.3  # of the height: a narrower gap was cut by the engine, not by the writer (boxes have a margin already)
_COLUMN_LINES = 5
_COLUMN_FILL = 0.7  # running text fills its column; a table's cells do not
_LONGEST_TILT = 30.0
_ONE_SIZE = 1.8  # a line so many times as high as another stands in no row with it: a heading beside small print
_AT_RULE = 0.25  # of a line's height: so close to the rule of its box, the reader saw the rule as well
_RULE_BEFORE, _RULE_BEHIND = re.compile(r"^[\[【|丨]([^\]】]*)$"), re.compile(r"^([^\[【]*)[\]】|丨]$")
_TO_SIGN = re.compile(r"[签盖][字章名] ?[)）]? ?[:：]")
_SAME_TOP = 0.4  # of the lower box's height: boxes whose tops are that close stand in one row

Rectangle = tuple[float, float, float, float]


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
        """Upright writing is read where it begins."""
        return self.top + self.height / 2

    @property
    def height(self) -> float:
        return min(self.bottom - self.top, self.right - self.left) if upright(self) else self.bottom - self.top


def tilt(lines: Sequence[Line]) -> float:
    """Residual skew in degrees, positive clockwise: the median slope of the longer lines, weighted by their length; of the
    columns, where most of the page is written in such."""
    slopes, leans = [], []
    for line in lines:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.box
        width, rise = (x1 - x0 + x2 - x3) / 2, (y1 - y0 + y2 - y3) / 2
        height = abs(y3 - y0 + y2 - y1) / 2
        if width > 4 * max(height, 1.0):
            slopes.append((math.degrees(math.atan2(rise, width)), width))
        elif height > 4 * max(abs(width), 1.0):
            leans.append((math.degrees(math.atan2((x0 + x1 - x2 - x3) / 2, (y2 + y3 - y0 - y1) / 2)), height))
    slopes = max(slopes, leans, key=lambda found: sum(length for _, length in found))
    if not slopes:
        return 0.0
    slopes.sort()
    half, passed = sum(width for _, width in slopes) / 2, 0.0
    for slope, width in slopes:
        passed += width
        if passed >= half:
            return slope if abs(slope) <= _LONGEST_TILT else 0.0
    return slopes[-1][0]


def in_reading_order(lines: Sequence[Line], boxes: Sequence[Rectangle] = ()) -> tuple[Line, ...]:
    """The lines as a person reads them, tidied; pieces of one line are put together. ``boxes`` are those that the page rules
    (``frames.ruled_boxes``).
    """
    angle = math.radians(tilt(lines))
    placed = [_place(line, angle) for line in lines if tidy(line.text)]
    blocks = blocks_of_columns(placed)
    if not blocks:
        return tuple(line for part in _parts(placed, boxes) for line in _written(part))
    columns: dict[Rectangle, list[Line]] = {}
    for block in blocks:
        items = [item for column in block for item in column]
        columns[_around(items)] = [_stacked(column) for column in block]
        placed = [item for item in placed if item not in items]
    return tuple(_with_columns(placed, boxes, columns))


def _with_columns(placed: list[_Placed], boxes: Sequence[Rectangle], columns: dict[Rectangle, list[Line]]) -> Iterator[Line]:
    """Blocks of columns from top to bottom, then from right to left; before each what is written across above it."""
    for block in sorted(columns, key=lambda each: (each[1], -each[2])):
        above = [item for item in placed if item.middle < block[1]]
        placed = [item for item in placed if item not in above]
        yield from (line for part in _parts(above, boxes) for line in _written(part))
        yield from columns[block]
    yield from (line for part in _parts(placed, boxes) for line in _written(part))


def _around(items: Sequence[_Placed]) -> Rectangle:
    lefts, tops = (item.left for item in items), (item.top for item in items)
    return min(lefts), min(tops), max(item.right for item in items), max(item.bottom for item in items)


def _stacked(column: Sequence[_Placed]) -> Line:
    """The pieces of one column as one line."""
    line = retyped(column[0].line, tidy(column[0].line.text))
    for item in column[1:]:
        line = _together(line, item.line, down=True)
    return line


def _written(part: list[_Placed]) -> Iterator[Line]:
    return (line for row in _ordered(part) for line in _mended(row))


def _parts(placed: list[_Placed], boxes: Sequence[Rectangle]) -> list[list[_Placed]]:
    """What is read together: the lines of one box, and the lines between boxes; from top to bottom, then left to right."""
    filled: dict[Rectangle, list[_Placed]] = {}
    free = []
    for item in placed:
        around = [box for box in boxes if _inside(item, box)]
        if around:
            box = min(around, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
            filled.setdefault(box, []).append(_off_the_rules(item, box))
        else:
            free.append(item)
    if not filled:
        return [placed]
    parts = []
    for row in _rows_of_boxes(list(filled)):
        above = [item for item in free if item.middle < min(box[1] for box in row)]
        beside = [item for item in free if item not in above and _beside(item, row)]
        free = [item for item in free if item not in above and item not in beside]
        cells = [(box[0], filled[box]) for box in row] + [(cell[0].left, cell) for cell in _stacks(beside)]
        parts += [above, *(cell for _, cell in sorted(cells, key=lambda each: each[0]))]
    return [part for part in (*parts, free) if part]


def _beside(item: _Placed, row: Sequence[Rectangle]) -> bool:
    """Whether a line stands between the boxes of a row, in one of which the rules were not seen."""
    if not max(box[1] for box in row) <= item.middle <= min(box[3] for box in row):
        return False
    between = min(box[2] for box in row) <= item.left and item.right <= max(box[0] for box in row)
    return between and all(item.right <= box[0] or item.left >= box[2] for box in row)


def _stacks(items: Sequence[_Placed]) -> list[list[_Placed]]:
    """Lines under each other are one cell's."""
    stacks: list[list[_Placed]] = []
    for item in sorted(items, key=lambda each: each.top):
        met = (stack for stack in stacks if any(item.left < each.right and each.left < item.right for each in stack))
        stack = next(met, None)
        if stack is None:
            stacks.append([item])
        else:
            stack.append(item)
    return stacks


def _off_the_rules(item: _Placed, box: Rectangle) -> _Placed:
    """Without the bracket that the box's own rule was read as where it runs close by the text; nothing closes it."""
    text = item.line.text
    if item.left - box[0] < _AT_RULE * item.height:
        text = _RULE_BEFORE.sub(r"\1", text)
    if box[2] - item.right < _AT_RULE * item.height:
        text = _RULE_BEHIND.sub(r"\1", text)
    return item if text == item.line.text or not text else replace(item, line=retyped(item.line, text))


def _inside(item: _Placed, box: Rectangle) -> bool:
    left, top, right, bottom = box
    return left <= (item.left + item.right) / 2 <= right and top <= (item.top + item.bottom) / 2 <= bottom


def _rows_of_boxes(boxes: list[Rectangle]) -> list[list[Rectangle]]:
    rows: list[list[Rectangle]] = []
    for box in sorted(boxes, key=lambda box: box[1]):
        first = rows[-1][0] if rows else None
        if first and box[1] - first[1] < _SAME_TOP * min(box[3] - box[1], first[3] - first[1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return rows


def _ordered(part: list[_Placed]) -> list[list[_Placed]]:
    return [row for block in _blocks(part) for row in _rows(block)]


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
        row = next((row for row in reversed(rows[-2:]) if _belongs(item, row)), None)
        if row is None:
            rows.append([item])
        else:
            row.append(item)
    rows.sort(key=lambda row: min(item.top for item in row))
    return [sorted(row, key=lambda item: item.left) for row in rows]


def _belongs(item: _Placed, row: list[_Placed]) -> bool:
    height = median(other.height for other in row)
    lower, higher = sorted((item.height, height))
    signed = any(_TO_SIGN.search(each.line.text) for each in (item, *row))  # a hand made one of the boxes higher
    return (signed or higher <= _ONE_SIZE * lower) and abs(
        item.middle - median(other.middle for other in row)
    ) < _SAME_ROW * lower


def _mended(row: list[_Placed]) -> list[Line]:
    """Neighbours with less than a character between them are one line."""
    lines: list[Line] = []
    end = -math.inf
    for item in row:
        gap = item.left - end
        if lines and -item.height < gap < _SAME_LINE * item.height:
            lines[-1] = _together(lines[-1], item.line)
        else:
            lines.append(retyped(item.line, tidy(item.line.text)))
        end = max(end, item.right)
    return lines


def _together(left: Line, right: Line, *, down: bool = False) -> Line:
    """Two pieces of one line; ``down``: of one column, the second under the first."""
    across: Box = (left.box[0], right.box[1], right.box[2], left.box[3])
    box: Box = (left.box[0], left.box[1], right.box[2], right.box[3]) if down else across
    first, second = len(left.text), len(right.text)
    confidence = (left.confidence * first + right.confidence * second) / max(1, first + second)
    sure = [each.weakest for each in (left, right) if each.weakest is not None]
    right = retyped(right, tidy(right.text))
    text = joined(left.text, right.text)
    weakest, doubts = min(sure, default=None), doubts_together(left, right, text)
    return Line(text, box, confidence, weakest, None if down else together(left, right, text), doubts)
