"""Where things stand on the pages of one document: cells in a row, below each other, and text that flows over lines.

Lengths are pixels of the upright page. The tilt that deskewing left is taken from the boxes themselves, so that two cells of
one table row stay in one row across a whole sheet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from statistics import fmean, median

from services.kernel.paper import Box, Line, PageReading
from services.ocr.fields.text import Folded, fold_with_origin, printed_simplified

_SAME_ROW = 0.6  # centres this share of the lower cell's height apart still share a row
_NEXT_LINE = 2.6  # a value stands at most this many heights (centre to centre) below its label
_LINE_PITCH = 1.9  # heights from one line of a text to the next, at most
_INDENT = 4.0  # heights that the first line of a paragraph may be set in
_COLUMN_END = 0.82  # a line that reaches this share of its page's text width was broken by the margin, not by its writer


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One line with its folded text, its levelled edges and its place in reading order; ``print`` is how well its page reads:
    the mean over the lines of their weakest characters, 0…1."""

    page: int
    order: int
    line: Line
    folded: Folded
    left: float
    top: float
    right: float
    bottom: float
    print: float = 1.0

    @property
    def weakest(self) -> float:
        return _weakest(self.line)

    def doubt(self, start: int, end: int) -> float:
        """How many of the characters ``[start, end)`` of ``text`` one must expect to be wrong, or, where the engine tells of no
        single ones, how far its weakest is from sure."""
        origin = self.folded.origin[max(start, 0) : end]
        if self.line.doubts is None or not origin:
            return 1 - self.weakest
        return sum(1 - sure for index, sure in self.line.doubts if origin[0] <= index <= origin[-1])

    @property
    def text(self) -> str:
        return self.folded.text

    @property
    def height(self) -> float:
        return max(self.bottom - self.top, 1.0)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def x_at(self, offset: int) -> float:
        """About where the character at ``offset`` begins: Han count double."""
        widths = [1 if letter.isascii() else 2 for letter in self.text]
        return self.left + (self.right - self.left) * sum(widths[:offset]) / max(sum(widths), 1)


@dataclass(frozen=True, slots=True)
class Flow:
    """The text of one page with the breaks of the margin taken out; ``starts[i]`` is where ``cells[i]`` begins in ``text``."""

    text: str
    starts: tuple[int, ...]
    cells: tuple[Cell, ...]

    def pieces(self, start: int, end: int) -> tuple[tuple[Cell, int, int], ...]:
        """The parts of cells that ``text[start:end]`` came from."""
        parts = []
        for begin, cell in zip(self.starts, self.cells, strict=True):
            low, high = max(start, begin), min(end, begin + len(cell.text))
            if low < high:
                parts.append((cell, low - begin, high - begin))
        return tuple(parts)


class Sheet:
    """The cells of all pages of one document."""

    def __init__(self, pages: Sequence[PageReading]) -> None:
        self.pages = tuple(pages)
        simplify = printed_simplified("".join(page.text for page in pages))
        self._by_page = {page.number: _cells(page, simplify=simplify) for page in pages}
        self.cells = tuple(cell for cells in self._by_page.values() for cell in cells)

    def on_page(self, number: int) -> Sequence[Cell]:
        return self._by_page[number]

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        return tuple(_flow(self.on_page(page.number)) for page in self.pages)

    @cached_property
    def paragraphs(self) -> Mapping[Cell, tuple[Cell, ...]]:
        """For each line that the margin broke, the lines that its sentence runs on to."""
        runs: dict[Cell, tuple[Cell, ...]] = {}
        for page in self.pages:
            cells = self.on_page(page.number)
            for index in reversed([i for i, broken in enumerate(_broken_by_margin(cells)) if broken]):
                following = cells[index + 1]
                runs[cells[index]] = (following, *runs.get(following, ()))
        return runs

    def right_of(self, cell: Cell) -> list[Cell]:
        """Cells of the same row to the right, nearest first."""
        return sorted(
            (
                other
                for other in self.on_page(cell.page)
                if other is not cell
                and abs(other.middle - cell.middle) <= _SAME_ROW * min(other.height, cell.height)
                and other.left >= cell.right - 0.5 * cell.height
            ),
            key=lambda other: other.left,
        )

    def below(self, cell: Cell) -> list[Cell]:
        """Cells that begin under the cell, overlap it from left to right and are no further than two lines, nearest first."""
        return sorted(
            (
                other
                for other in self.on_page(cell.page)
                if 0.6 * cell.height < other.middle - cell.middle <= _NEXT_LINE * max(cell.height, other.height)
                and min(other.right, cell.right) - max(other.left, cell.left) > 0
            ),
            key=lambda other: (other.middle, other.left),
        )

    def left_of(self, cell: Cell) -> list[Cell]:
        """Cells of the same row to the left, nearest first."""
        return sorted(
            (
                other
                for other in self.on_page(cell.page)
                if abs(other.middle - cell.middle) <= _SAME_ROW * min(other.height, cell.height)
                and other.right <= cell.left + 0.5 * cell.height
            ),
            key=lambda other: -other.right,
        )

    def beside(self, cell: Cell) -> list[Cell]:
        """Where a label's row is empty: the block to the right that a label centred on two lines belongs to, top first."""
        near = [
            other
            for other in self.on_page(cell.page)
            if other.left >= cell.right - 0.5 * cell.height
            and abs(other.middle - cell.middle) <= 1.1 * max(other.height, cell.height)
        ]
        column = min((other.left for other in near), default=0.0)
        return sorted((c for c in near if c.left - column <= c.height), key=lambda c: c.middle)

    def above(self, cell: Cell) -> list[Cell]:
        """Lines flush with the cell that lie right over it, nearest first."""
        return self._column(cell, cell.left, -1)

    def continuations(self, cell: Cell, left: float) -> list[Cell]:
        """Cells that go on with a text of ``cell`` that begins at ``left``: one under the other, flush left, close."""
        return self._column(cell, left, 1)

    def _column(self, cell: Cell, left: float, way: int) -> list[Cell]:
        found: list[Cell] = []
        last = cell
        for other in sorted(self.on_page(cell.page), key=lambda c: way * c.middle):
            gap = way * (other.middle - last.middle)
            close = 0.6 * last.height < gap <= _LINE_PITCH * max(last.height, other.height)
            if close and abs(other.left - left) <= 1.5 * cell.height and other.height < 1.6 * cell.height:
                found.append(other)
                last = other
        return found


def hull(cells: Sequence[Cell]) -> Box:
    """The box of one line, or the upright rectangle around several."""
    if len(cells) == 1:
        return cells[0].line.box
    corners = [corner for cell in cells for corner in cell.line.box]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _cells(page: PageReading, *, simplify: bool) -> list[Cell]:
    tilts = [
        math.atan2(line.box[1][1] - line.box[0][1], line.box[1][0] - line.box[0][0])
        for line in page.lines
        if line.box[1][0] - line.box[0][0] > 0.1 * page.width
    ]
    tilt = median(tilts) if tilts else 0.0
    print_ = fmean(map(_weakest, page.lines)) if page.lines else 1.0
    cells = []
    for order, line in enumerate(page.lines):
        xs = [x * math.cos(tilt) + y * math.sin(tilt) for x, y in line.box]
        ys = [y * math.cos(tilt) - x * math.sin(tilt) for x, y in line.box]
        top, bottom = (ys[0] + ys[1]) / 2, (ys[2] + ys[3]) / 2
        folded = fold_with_origin(line.text, simplify=simplify)
        cells.append(Cell(page.number, order, line, folded, min(xs), top, max(xs), bottom, print_))
    return cells


def _weakest(line: Line) -> float:
    return line.confidence if line.weakest is None else line.weakest


def _flow(cells: Sequence[Cell]) -> Flow:
    text, starts = "", []
    for cell, broken in zip(cells, _broken_by_margin(cells), strict=True):
        starts.append(len(text))
        text += cell.text + ("" if broken else "\n")
    return Flow(text, tuple(starts), tuple(cells))


def _broken_by_margin(cells: Sequence[Cell]) -> list[bool]:
    """For each line whether its sentence runs on in the next: it fills the column and the next begins at the column's left."""
    right = max((cell.right for cell in cells), default=0.0)
    left = min((cell.left for cell in cells), default=0.0)
    return [
        following is not None
        and cell.right - left >= _COLUMN_END * (right - left)
        and cell.left - left <= _INDENT * cell.height
        and following.left - left <= 1.5 * cell.height
        and 0.5 * cell.height < following.middle - cell.middle < 3 * cell.height
        and not cell.text.rstrip().endswith(("。", ";", ":"))
        for cell, following in zip_longest(cells, cells[1:])
    ]
