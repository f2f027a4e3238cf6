"""What a scanner may have done to a page (DA/T 31-2017, 图像质量): too dark, out of focus, text cut off at the edge. Each has a
reason in words and the place where it shows. The picture is only looked at: cleaning is for derivatives, never for masters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np

from services.kernel.paper import Box, Line, Problem
from services.ocr import pixels as px
from services.ocr.pixels import Pixels

_DARK_PAPER = 100  # of 255: paper that is darker hides what is written on it
_EDGE_MM = 1.0  # of the sheet, in which no writing ends by itself
_LINES = 12  # of a page are held against the light, the longest ones
_SHARP = 0.27  # of a line's contrast between two neighbouring pixels: print in focus has more than twice as much
_LEAST_CONTRAST = 40


def defects(upright: Pixels, lines: Sequence[Line], dpi: float, number: int) -> Iterator[Problem]:
    """The defects of one grey, upright page whose ``lines`` are in its own pixels."""
    paper = float(np.median(px.local_background(px.shrunk(upright, 8), 15)))
    if paper < _DARK_PAPER:
        detail = "The page is too dark: what is written hardly stands out. Scan it again, lighter and with the lid closed."
        yield Problem("too_dark", detail, number)
    if blurred := _blurred(upright, lines):
        detail = "The page is out of focus. Scan it again, flat on the glass."
        yield Problem("blurred", detail, number, blurred)
    if cut := _cut_off(upright, lines, dpi):
        detail = f"{len(cut)} lines run into the edge of the sheet, so text may be cut off. Compare it with the paper."
        yield Problem("cut_off", detail, number, cut[0].box)


def _cut_off(upright: Pixels, lines: Sequence[Line], dpi: float) -> list[Line]:
    """Lines of at least three characters that reach the left or right edge of the picture."""
    edge, width = _EDGE_MM * dpi / 25.4, upright.shape[1]
    return [
        line
        for line in lines
        if len(line.text) > 2 and (min(x for x, _ in line.box) < edge or max(x for x, _ in line.box) > width - edge)
    ]


def _blurred(upright: Pixels, lines: Sequence[Line]) -> Box | None:
    """The place of the least sharp line, where most lines are not sharp."""
    longest = sorted(lines, key=lambda line: -len(line.text))[:_LINES]
    sharp = [(found, line.box) for line in longest if (found := _sharpness(upright, line.box)) is not None]
    if not sharp or median(found for found, _ in sharp) >= _SHARP:
        return None
    return min(sharp, key=lambda pair: pair[0])[1]


def _sharpness(upright: Pixels, box: Box) -> float | None:
    """The steepest steps of a line's picture, as a share of its contrast; None where it has too little of that to tell."""
    left, right = (int(bound(x for x, _ in box)) for bound in (min, max))
    top, bottom = (int(bound(y for _, y in box)) for bound in (min, max))
    strip = upright[max(0, top) : bottom, max(0, left) : right]
    if min(strip.shape) < 6:
        return None
    low, high = px.level(strip, 0.02), px.level(strip, 0.9)
    if high - low <= _LEAST_CONTRAST:
        return None
    steps = (px.distance(strip[1:], strip[:-1]), px.distance(strip[:, 1:], strip[:, :-1]))
    return max(px.level(each, 0.98) for each in steps) / (high - low)
