"""A sheet of paper as a list of marks in millimetres, drawn at any resolution.

A form writes marks once; ``Sheet.render`` draws them at the dpi asked for. Every text that is written is remembered,
so that the truth about a page is made by the same act as its picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from PIL import Image, ImageDraw

from samples import fonts
from samples.truth import PageTruth

MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72
A4 = (210.0, 297.0)
BLACK = (28, 28, 30)
GREY = (120, 120, 120)
RED = (196, 24, 32)

Colour = tuple[int, int, int]
# What must not begin a line (GB/T 15834), so it hangs into the margin.
_CLOSING = "，。；：、）》」”！？%"
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.,:/\-@*]*|.", re.DOTALL)
_PUNCTUATION = re.compile(r"([，。；：、（）！？]+)")
_FILLED = re.compile(r"\[\[(.*?)\]\]")


@dataclass(frozen=True, slots=True)
class Pen:
    """Where marks are drawn: ``scale`` is pixels per millimetre."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    scale: float

    def px(self, millimetres: float) -> int:
        return round(millimetres * self.scale)

    def thick(self, millimetres: float) -> int:
        return max(1, round(millimetres * self.scale))


class Mark(Protocol):
    """Something on the paper."""

    def on(self, pen: Pen) -> None: ...


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a line: plain print, or a value filled in over an underline."""

    text: str
    role: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One line of text; ``x``/``y`` is its top left in mm, ``size`` in mm per em, ``gap`` the extra mm between characters.
    ``upright``: its characters stand one below the other; ``hand``: it is written by hand, in whole or in part."""

    x: float
    y: float
    size: float
    segments: tuple[Segment, ...]
    colour: Colour = BLACK
    gap: float = 0.0
    box: tuple[float, float] | None = None  # left and top of the table's box, or block of columns, that it stands in
    upright: bool = False
    hand: bool = False

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    @property
    def height(self) -> float:
        return self.size * len(self.text) + self.gap * max(0, len(self.text) - 1) if self.upright else self.size

    @property
    def width(self) -> float:
        if self.upright:
            return self.size
        letters = sum(fonts.width(s.text, s.role) for s in self.segments) * self.size
        return letters + self.gap * max(0, len(self.text) - 1)

    def on(self, pen: Pen) -> None:
        if self.upright:
            self._down(pen)
            return
        x, baseline = self.x * pen.scale, (self.y + 0.88 * self.size) * pen.scale
        self.on_from(pen, x, baseline)

    def on_from(self, pen: Pen, x: float, baseline: float) -> float:
        """Draws from pixel ``x``; returns where it ends."""
        for segment in self.segments:
            start, x = x, self._write(pen, segment, x, baseline)
            if segment.filled:
                under = round(baseline + 0.2 * self.size * pen.scale)
                pen.draw.line((round(start), under, round(x), under), self.colour, pen.thick(0.2))
        return x

    def _down(self, pen: Pen) -> None:
        middle, y = (self.x + self.size / 2) * pen.scale, self.y + 0.88 * self.size
        for segment in self.segments:
            face = fonts.font(segment.role, max(4, pen.px(self.size)))
            for sign in segment.text:
                pen.draw.text((middle, y * pen.scale), sign, self.colour, face, anchor="ms")
                y += self.size + self.gap

    def _write(self, pen: Pen, segment: Segment, x: float, baseline: float) -> float:
        """Draws one segment at pixel ``x``; returns where it ends, by the widths that were really drawn."""
        face = fonts.font(segment.role, max(4, pen.px(self.size)))
        for part in segment.text if self.gap else (segment.text,):
            pen.draw.text((x, baseline), part, self.colour, face, anchor="ls")
            x += face.getlength(part) + self.gap * pen.scale
        return x


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line."""

    x0: float
    y0: float
    x1: float
    y1: float
    thickness: float = 0.25
    colour: Colour = BLACK

    def on(self, pen: Pen) -> None:
        ends = (pen.px(self.x0), pen.px(self.y0), pen.px(self.x1), pen.px(self.y1))
        pen.draw.line(ends, self.colour, pen.thick(self.thickness))


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle, outlined or filled, with rounded corners of ``radius`` mm."""

    x: float
    y: float
    width: float
    height: float
    thickness: float = 0.25
    colour: Colour | None = BLACK
    fill: Colour | None = None
    radius: float = 0.0

    def on(self, pen: Pen) -> None:
        box = (pen.px(self.x), pen.px(self.y), pen.px(self.x + self.width), pen.px(self.y + self.height))
        pen.draw.rounded_rectangle(box, pen.px(self.radius), self.fill, self.colour, pen.thick(self.thickness))


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: ``width`` in mm; a ``label`` is set in 黑体 and centred, a value in ``role`` from the left."""

    text: str
    width: float
    label: bool = False
    role: str = "song"
    align: str = "left"
    upright: bool = False
    size: float | None = None


@dataclass
class Sheet:
    """One side of paper. ``y`` is the pen's height in mm, which the writing methods move down."""

    width: float = A4[0]
    height: float = A4[1]
    margin: float = 25.0
    size: float = 10.5 * MM_PER_POINT
    leading: float = 1.75
    role: str = "song"
    fill_role: str = "kai"
    paper: Colour = (255, 255, 255)
    marks: list[Mark] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    separator: bool = False
    y: float = 25.0

    @property
    def inner(self) -> float:
        return self.width - 2 * self.margin

    @property
    def blank(self) -> bool:
        return not self.marks

    def add(self, *marks: Mark) -> None:
        self.marks.extend(marks)

    def space(self, millimetres: float) -> None:
        self.y += millimetres

    def put(
        self, x: float, y: float, text: str, *, size: float | None = None, role: str | None = None,
        align: str = "left", colour: Colour = BLACK, gap: float = 0.0,
    ) -> Run:  # fmt: skip
        """Writes one line at ``x``/``y``; ``x`` is its left, centre or right by ``align``. ``[[…]]`` marks filled-in values."""
        run = Run(x, y, size or self.size, self.segments(text, role), colour, gap)
        shift = {"left": 0.0, "centre": run.width / 2, "right": run.width}[align]
        run = Run(x - shift, y, run.size, run.segments, colour, gap)
        self.marks.append(run)
        self.runs.append(run)
        return run

    def segments(self, text: str, role: str | None = None) -> tuple[Segment, ...]:
        parts = _FILLED.split(text)
        return tuple(
            segment
            for index, part in enumerate(parts)
            for segment in _mainland(part, self.fill_role if index % 2 else role or self.role, bool(index % 2))
        )

    def title(self, text: str, size: float = 6.3, *, role: str = "heibold", gap: float = 0.0) -> None:
        self.put(self.width / 2, self.y, text, size=size, role=role, align="centre", gap=gap)
        self.y += size * 1.7

    def line(self, text: str, *, indent: float = 0.0, role: str | None = None) -> None:
        """One paragraph, wrapped to the inner width; ``indent`` in ems for its first line."""
        for number, segments in enumerate(self.wrap(text, self.inner, self.size, indent=indent, role=role)):
            run = Run(self.margin + (indent * self.size if number == 0 else 0.0), self.y, self.size, segments)
            self.marks.append(run)
            self.runs.append(run)
            self.y += self.size * self.leading

    def clause(self, text: str) -> None:
        self.line(text, indent=2.0)

    def wrap(
        self, text: str, width: float, size: float, *, indent: float = 0.0, role: str | None = None
    ) -> list[tuple[Segment, ...]]:
        """Breaks ``text`` into lines of at most ``width`` mm; digits and Latin words stay whole."""
        lines: list[list[Segment]] = [[]]
        room = width / size - indent
        for segment in self.segments(text, role):
            for token in _TOKEN.findall(segment.text):
                need = fonts.width(token, segment.role)
                if need > room and lines[-1] and token not in _CLOSING:
                    lines.append([])
                    room = width / size
                room -= need
                lines[-1].append(Segment(token, segment.role, segment.filled))
        return [_merged(line) for line in lines]

    def row(self, x: float, cells: Sequence[Cell], *, height: float = 9.0, size: float | None = None) -> float:
        """One table row at the pen's height; grows with its longest cell. Returns its height in mm."""
        wrapped = [self._cell_lines(cell, cell.size or size or self.size) for cell in cells]
        tallest = max(
            len(lines) * (cell.size or size or self.size) * (1.15 if cell.upright else 1.35)
            for cell, lines in zip(cells, wrapped, strict=True)
        )
        height = max(height, tallest + 2.0)
        for cell, lines in zip(cells, wrapped, strict=True):
            self._draw_cell(x, height, cell, lines, cell.size or size or self.size)
            x += cell.width
        self.y += height
        return height

    def _cell_lines(self, cell: Cell, size: float) -> list[tuple[Segment, ...]]:
        role = "hei" if cell.label else cell.role
        if cell.upright:
            return [(Segment(character, role),) for character in cell.text]
        return [line for part in cell.text.split("\n") for line in self.wrap(part, cell.width - 2.4, size, role=role)]

    def _draw_cell(self, x: float, height: float, cell: Cell, lines: list[tuple[Segment, ...]], size: float) -> None:
        self.add(Frame(x, self.y, cell.width, height))
        pitch = size * (1.15 if cell.upright else 1.35)
        top = self.y + (height - pitch * len(lines)) / 2 + (pitch - size) / 2
        runs = []
        for number, segments in enumerate(lines):
            run = Run(0.0, top + number * pitch, size, segments, box=(x, self.y))
            centred = cell.label or cell.upright or cell.align == "centre"
            left = {True: x + (cell.width - run.width) / 2, False: x + 1.2}[centred]
            if cell.align == "right" and not centred:
                left = x + cell.width - 1.2 - run.width
            runs.append(replace(run, x=left))
        self.marks.extend(run for run in runs if run.text)
        self.runs.extend([_column(runs)] if cell.upright else [run for run in runs if run.text])

    def render(self, dpi: int) -> Image.Image:
        """The sheet as an RGB picture at ``dpi``."""
        scale = dpi / MM_PER_INCH
        image = Image.new("RGB", (round(self.width * scale), round(self.height * scale)), self.paper)
        pen = Pen(image, ImageDraw.Draw(image), scale)
        for mark in self.marks:
            mark.on(pen)
        image.info["dpi"] = (dpi, dpi)
        return image

    def truth(self) -> PageTruth:
        """Lines and boxes of what was written, top to bottom, then left to right."""
        runs = reading_order(self.runs)
        return PageTruth(
            lines=tuple(run.text.strip() for run in runs),
            boxes=tuple(self._box(run) for run in runs),
            blank=self.blank,
            separator=self.separator,
            stamps=tuple(self.stamps),
            hand=tuple(run.hand for run in runs),
        )

    def _box(self, run: Run) -> tuple[float, float, float, float]:
        right, bottom = run.x + run.width, run.y + run.height
        return (run.x / self.width, run.y / self.height, right / self.width, bottom / self.height)


def reading_order(runs: Sequence[Run]) -> list[Run]:
    """Rows from the top; within a row (tops less than half an em apart) from the left. A table's boxes stand in rows too, each
    with all its lines, so a caption is followed by the whole of its value.
    """
    rows: list[list[list[Run]]] = []
    for part in sorted(_parts(runs), key=lambda part: (_top(part), part[0].x)):
        if rows and _top(part) - _top(rows[-1][0]) < 0.5 * min(part[0].size, rows[-1][0][0].size):
            rows[-1].append(part)
        else:
            rows.append([part])
    return [run for row in rows for part in sorted(row, key=lambda part: part[0].x) for run in part]


def _parts(runs: Sequence[Run]) -> list[list[Run]]:
    """The lines of each box together, every other line by itself."""
    boxes: dict[tuple[float, float], list[Run]] = {}
    for run in runs:
        if run.box is not None:
            boxes.setdefault(run.box, []).append(run)
    return [*boxes.values(), *([run] for run in runs if run.box is None)]


def _top(part: Sequence[Run]) -> float:
    return part[0].y if part[0].box is None else part[0].box[1]


def _mainland(text: str, role: str, filled: bool) -> list[Segment]:
    """AR PL faces set ，。 in the middle of their square, as Taiwan does; here they come from 宋体."""
    if role not in ("kai", "ming"):
        return [Segment(text, role, filled)] if text else []
    parts = _PUNCTUATION.split(text)
    return [Segment(part, "song" if index % 2 else role, filled) for index, part in enumerate(parts) if part]


def _column(runs: Sequence[Run]) -> Run:
    first = runs[0]
    role = first.segments[0].role
    return Run(first.x, first.y, first.size, (Segment("".join(run.text for run in runs), role),), box=first.box)


def _merged(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    merged: list[Segment] = []
    for segment in segments:
        if merged and (merged[-1].role, merged[-1].filled) == (segment.role, segment.filled):
            merged[-1] = Segment(merged[-1].text + segment.text, segment.role, segment.filled)
        else:
            merged.append(segment)
    return tuple(merged)
