"""The recipe for one page: is it blank, which way up, without seals, read, in order, and what a person must know.

The page picture that is kept is the scanner's own JPEG where the page came upright and it is fine enough to serve, else a new
JPEG of the upright reading raster. Boxes, width and height are always those of the kept picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from services.kernel.paper import Box, Line, PageReading, Problem, Seal
from services.kernel.timing import step
from services.ocr import pixels as px
from services.ocr.defects import defects
from services.ocr.doubts import settled
from services.ocr.engines.port import Engine
from services.ocr.frames import ruled_boxes
from services.ocr.ghosts import read_through
from services.ocr.handwriting import told_apart
from services.ocr.jpeg import jpeg_header
from services.ocr.order import in_reading_order, tilt
from services.ocr.photographs import laid_flat
from services.ocr.pixels import Pixels
from services.ocr.raster import Raster
from services.ocr.rims import Circle, black_seals, read_across, without_sayings
from services.ocr.seals import read_black_seals, read_seals
from services.ocr.stamps import THUMB_STEP, Rectangle, without_seals

Turns = Callable[[Pixels], tuple[tuple[int, float], ...]]
"""The clockwise turns that may make a page upright, likeliest first, with probabilities (``engines.Orientation``)."""

_MARGIN = 0.03  # of each side: the scanner's own shadow
_INK_CONTRAST = 28  # levels darker than the paper around it
_SURELY_BLANK, _PERHAPS_BLANK = 0.00002, 0.0015  # share of the page that is ink: under the first nothing can be read
_COLOUR_SPREAD, _COLOUR_SHARE = 30, 0.0005
_SURE_TURN = 0.75  # the classifier says 0.92 at most
_DOUBTFUL, _LOW_CONFIDENCE = 0.85, 0.80
_LEAST_DPI = 190  # DA/T 31-2017 asks for 200; scanners round


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The page for reading: grey, without the red seals that lay in ``seals``, with the black ones in ``circles``, not yet
    turned."""

    grey: Pixels
    dpi: float
    seals: list[Rectangle]
    circles: list[Circle]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What came of reading the page turned one way, and the defects and seals of its picture."""

    turn: int
    lines: tuple[Line, ...]
    defects: tuple[Problem, ...] = ()
    seals: tuple[Seal, ...] = ()

    @property
    def worth(self) -> float:
        """Characters, each counted by how far its line's confidence lies above a coin's."""
        return float(sum(len(line.text) * max(0.0, line.confidence - 0.5) for line in self.lines))

    @property
    def confidence(self) -> float:
        """Mean over characters, 0 where there are none."""
        characters = sum(len(line.text) for line in self.lines)
        return sum(line.confidence * len(line.text) for line in self.lines) / characters if characters else 0.0


def read_page(raster: Raster, number: int, engine: Engine, turns: Turns) -> tuple[PageReading, bytes]:
    """Read page ``number``. Returns the reading and the JPEG of the upright page that its boxes belong to."""
    thumb = px.shrunk(raster.pixels, THUMB_STEP)
    flat = laid_flat(raster, thumb, THUMB_STEP)
    if flat is not raster:
        raster, thumb = flat, px.shrunk(flat.pixels, THUMB_STEP)
    ink = ink_share(thumb)
    if ink < _SURELY_BLANK:
        return _finished(raster, number, engine, _Attempt(0, ()), blank=True, thumb=thumb)
    with step("orientation"):
        likely = turns(thumb)
    sheet = _sheet(raster, thumb)
    with step("recognise"):
        attempt = _read_upright(sheet, engine, likely)
    with step("hand"):
        lines = told_apart(attempt.lines, px.turned(sheet.grey, attempt.turn), px.turned(thumb, attempt.turn))
        attempt = replace(attempt, lines=lines)
    with step("defects"):
        found = defects(px.turned(sheet.grey, attempt.turn), attempt.lines, raster.dpi, number)
        attempt = replace(attempt, defects=tuple(found))
    with step("seals"):
        red = read_seals(raster.pixels, sheet.seals, attempt.turn, engine)
        attempt = replace(attempt, seals=(*red, *attempt.seals))
    blank = not attempt.lines and ink < _PERHAPS_BLANK
    return _finished(raster, number, engine, attempt, blank=blank, thumb=thumb)


def _sheet(raster: Raster, thumb: Pixels) -> _Sheet:
    """On a page without colour seals are black, if there are any."""
    grey, seals = without_seals(raster.pixels, thumb, raster.dpi)
    circles = [] if seals or _has_colour(thumb) else black_seals(grey, thumb, raster.dpi)
    return _Sheet(grey, raster.dpi, seals, circles)


def picture_dpi(raster: Raster, reading: PageReading) -> float:
    """Resolution of the page picture that :func:`read_page` gave, for the paper size of a PDF."""
    height, width = raster.pixels.shape[:2]
    return float(raster.dpi * max(reading.width, reading.height) / max(width, height))


def ink_share(thumb: Pixels) -> float:
    """Share of a small picture that is darker than the paper around it, without the margins. Shadows and tints are paper."""
    height, width = thumb.shape[:2]
    top, left = int(height * _MARGIN), int(width * _MARGIN)
    inner = px.grey(thumb)[top : height - top, left : width - left]
    paper = px.local_background(inner)
    return float(np.mean(paper.astype(np.int16) - inner > _INK_CONTRAST))


def _read_upright(sheet: _Sheet, engine: Engine, turns: tuple[tuple[int, float], ...]) -> _Attempt:
    """Believe a sure classifier whose page reads well; else read the other ways too and keep what reads best."""
    best = _read(sheet, engine, turns[0][0])
    if turns[0][1] >= _SURE_TURN and (best.confidence >= _DOUBTFUL or not best.lines):
        return best
    if best.confidence >= _DOUBTFUL and _lies(best.lines):
        return best
    others = [_read(sheet, engine, turn) for turn, _ in turns[1:]]
    return max([best, *others], key=lambda attempt: attempt.worth)


def _read(sheet: _Sheet, engine: Engine, turn: int) -> _Attempt:
    upright = px.turned(sheet.grey, turn)
    lines = read_through(upright, lambda pixels: engine.read(pixels, sheet.dpi))
    circles = [each.turned(sheet.grey, turn) for each in sheet.circles]
    black = read_black_seals(upright, circles, engine)
    if sheet.seals or circles:
        lines = read_across(without_sayings(lines, list(zip(circles, black, strict=True))), upright, circles, engine)
    lines = settled(lines, upright, engine)
    with step("order"):
        boxes = ruled_boxes(upright, sheet.dpi, tilt(lines)) if lines else []
        return _Attempt(turn, in_reading_order(lines, boxes), seals=black)


def _lies(lines: tuple[Line, ...]) -> bool:
    """Whether the writing runs across the page, as it should, and not up or down."""
    wide = (abs(line.box[1][0] - line.box[0][0]) >= abs(line.box[3][1] - line.box[0][1]) for line in lines)
    across = sum(len(line.text) for line, lies in zip(lines, wide, strict=True) if lies)
    return across * 2 > sum(len(line.text) for line in lines)


def _finished(
    raster: Raster, number: int, engine: Engine, attempt: _Attempt, *, blank: bool, thumb: Pixels
) -> tuple[PageReading, bytes]:
    with step("picture"):
        picture, width, height = _picture(raster, attempt.turn, thumb)
    read_width = raster.pixels.shape[0 if attempt.turn in (90, 270) else 1]
    lines = tuple(replace(line, box=_stretched(line.box, width / read_width)) for line in attempt.lines)
    placed = (replace(each, box=each.box and _stretched(each.box, width / read_width)) for each in attempt.defects)
    seals = tuple(replace(each, box=_stretched(each.box, width / read_width)) for each in attempt.seals)
    reading = PageReading(
        number=number,
        width=width,
        height=height,
        rotation=attempt.turn,
        skew=tilt(attempt.lines),
        blank=blank,
        lines=lines,
        engine=engine.info,
        problems=(*_problems(raster, number, attempt, blank=blank), *(() if blank else placed)),
        seals=seals,
    )
    return reading, picture


def _picture(raster: Raster, turn: int, thumb: Pixels) -> tuple[bytes, int, int]:
    """The upright page picture as JPEG, with its width and height."""
    header = jpeg_header(raster.jpeg) if raster.jpeg is not None and turn == 0 else None
    if raster.jpeg is not None and header is not None:
        return raster.jpeg, header.width, header.height
    upright = px.turned(raster.pixels, turn)
    return px.encode_jpeg(upright if _has_colour(thumb) else px.grey(upright)), upright.shape[1], upright.shape[0]


def _has_colour(thumb: Pixels) -> bool:
    """Seals, signatures in blue, red heads must stay coloured (DA/T 31-2017); grey paper need not pay for it."""
    if thumb.ndim == 2:
        return False
    red, green, blue = px.planes(thumb)
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool(np.mean(spread > _COLOUR_SPREAD) > _COLOUR_SHARE)


def _problems(raster: Raster, number: int, attempt: _Attempt, *, blank: bool) -> tuple[Problem, ...]:
    problems = []
    if raster.scanned_dpi < _LEAST_DPI and not blank:
        detail = (
            f"The page was scanned at {raster.scanned_dpi:.0f} dpi; DA/T 31-2017 asks for 200. Scan it again at 200 or 300 dpi."
        )
        problems.append(Problem("low_resolution", detail, number))
    if not attempt.lines and not blank:
        detail = "The page is not blank, but no text was read on it. Look at the picture; scan it again or type what it says."
        problems.append(Problem("nothing_read", detail, number))
    elif attempt.lines and attempt.confidence < _LOW_CONFIDENCE:
        detail = f"The text was read with a confidence of {attempt.confidence:.0%}. Compare it with the picture."
        problems.append(Problem("low_confidence", detail, number))
    return tuple(problems)


def _stretched(box: Box, factor: float) -> Box:
    if factor == 1.0:
        return box
    (a, b), (c, d), (e, f), (g, h) = ((x * factor, y * factor) for x, y in box)
    return ((a, b), (c, d), (e, f), (g, h))
