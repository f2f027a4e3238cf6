"""Black seals: on a fax or a grey copy a round seal has lost its colour, so it is told by its rim.

Finders break a line where a rim crosses it: such pieces are read once more as one. What a seal itself says is no line of the
page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import cv2
import numpy as np

from services.kernel.boxes import bounds
from services.kernel.paper import Line, Seal
from services.ocr import pixels as px
from services.ocr.bridges import bridged
from services.ocr.engines.port import Engine
from services.ocr.pixels import Floats, Mask, Pixels
from services.ocr.stamps import THUMB_STEP

_RADIUS_MM = (14.0, 31.0)  # seals of 32 to 58 mm, and what a copier makes of them
_APART_MM = 20.0  # two centres at least
_STEEP, _ROUND = 150, 0.75  # of edges that count, and how much of a circle must be there
_BANDS = (0.12, 0.06, 0.05)  # of the radius, to either side: where the rim is looked for, closer each time
_FEWEST = 100  # pixels of a rim
_RING, _INKED = 0.015, 0.5  # of the radius: rings of that band; and how much of one the rim inks
_STAR = 0.45  # of the radius: within it all that is thicker than writing is the star
_STROKE = 0.07  # of the radius: what is thicker is no writing
_WITHIN = 1.2  # of the radius: boxes are a little larger than what they hold
_SAID = 0.6  # of a line's characters that the seal has in the same order
_SHORT, _PRINTED = 2, 0.95  # characters less sure than print is: a piece of a ring that was read as something else


@dataclass(frozen=True, slots=True)
class Circle:
    """Centre and radius in pixels."""

    x: float
    y: float
    radius: float

    def turned(self, page: Pixels, turn: int) -> Circle:
        """Where it is when ``page`` is turned clockwise."""
        down, across = page.shape[:2]
        x, y = {
            0: (self.x, self.y),
            90: (down - self.y, self.x),
            180: (across - self.x, down - self.y),
            270: (self.y, across - self.x),
        }[turn]
        return Circle(x, y, self.radius)

    def meets(self, line: Line) -> bool:
        left, top, right, bottom = bounds(line.box)
        near = (min(max(self.x, left), right) - self.x, min(max(self.y, top), bottom) - self.y)
        return float(np.hypot(*near)) < self.radius

    def holds(self, line: Line) -> bool:
        """Whether the line lies within, as a seal's own do: the middles of its box's sides, for the corners of a piece of the
        ring reach over the rim."""
        return all(
            np.hypot((a + c) / 2 - self.x, (b + d) / 2 - self.y) < _WITHIN * self.radius for (a, b), (c, d) in _sides(line)
        )

    def is_crossed_by(self, line: Line) -> bool:
        """Whether the line runs over the middle, where a seal has nothing but its star."""
        return all((c - a) * (self.y - b) > (d - b) * (self.x - a) for (a, b), (c, d) in _sides(line))


def _sides(line: Line) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(line.box, (*line.box[1:], line.box[0]), strict=True)


def black_seals(grey: Pixels, thumb: Pixels, dpi: float) -> list[Circle]:
    """The circles of a seal's size on a grey page. ``thumb`` is the same page shrunk by ``THUMB_STEP``."""
    millimetre = dpi / THUMB_STEP / 25.4
    small = px.grey(thumb)
    ink = cv2.GaussianBlur(cv2.subtract(px.local_background(small), small), (0, 0), 1.0)
    low, high = (round(each * millimetre) for each in _RADIUS_MM)
    found = cv2.HoughCircles(
        ink, cv2.HOUGH_GRADIENT_ALT, 1.5, _APART_MM * millimetre, param1=_STEEP, param2=_ROUND, minRadius=low, maxRadius=high
    )
    if found is None:
        return []
    return [_fitted(grey, Circle(*(THUMB_STEP * float(each) for each in one[:3]))) for one in found[0]]


def _without_rims(grey: Pixels, circles: Iterable[Circle]) -> Pixels:
    """The page without the rims and stars of these seals."""
    cleared = grey.copy()
    for circle in circles:
        part, away = _around(cleared, circle)
        ink = px.inked(part)
        part[_rim(ink, away) | _star(ink, away, circle.radius)] = np.uint8(np.percentile(part, 90))
    return cleared


def read_across(lines: Sequence[Line], grey: Pixels, circles: Sequence[Circle], engine: Engine) -> list[Line]:
    """The lines of a grey, upright page with seals, of which black ones are ``circles``: pieces with writing between them are
    read as one; those that a black one meets are read again, and the surer reading counts."""
    lines = bridged(lines, grey, _without_rims(grey, circles) if circles else grey, engine)
    met = [index for index, line in enumerate(lines) if any(circle.meets(line) for circle in circles)]
    for index, again in zip(met, engine.reread(grey, [lines[index] for index in met]) if met else [], strict=True):
        if not lines[index].text.startswith(again.text):  # it has what a rim hides from whoever looks at its box alone
            lines[index] = max(lines[index], again, key=lambda line: line.confidence)
    return lines


def without_sayings(lines: Iterable[Line], seals: Sequence[tuple[Circle, Seal]]) -> tuple[Line, ...]:
    """The lines but for those within a seal that are a part of what it says."""
    return tuple(line for line in lines if not any(circle.holds(line) and _says(circle, seal, line) for circle, seal in seals))


def _says(circle: Circle, seal: Seal, line: Line) -> bool:
    if len(line.text) <= _SHORT and line.confidence < _PRINTED:
        return True
    text, said = (unicodedata.normalize("NFKC", each).replace(" ", "") for each in (line.text, seal.text))
    same = sum(block.size for block in SequenceMatcher(None, text, said, autojunk=False).get_matching_blocks())
    return same >= _SAID * len(text) and not circle.is_crossed_by(line)


def _fitted(grey: Pixels, circle: Circle) -> Circle:
    """The circle that fits best to the ink near one that was found on a small picture. A rim that is off by a little is farther
    on one side and nearer on the other."""
    reach = circle.radius * (1 + _BANDS[0])
    left, top = max(0, round(circle.x - reach)), max(0, round(circle.y - reach))
    ink = px.inked(grey[top : round(circle.y + reach) + 1, left : round(circle.x + reach) + 1])
    down, across = np.nonzero(ink)
    x, y, radius = circle.x - left, circle.y - top, circle.radius
    for band in _BANDS:
        away = np.hypot(across - x, down - y)
        near = np.abs(away - radius) < band * radius
        if int(near.sum()) > _FEWEST:
            right, below = (across[near] - x) / away[near], (down[near] - y) / away[near]
            terms = np.stack([np.ones_like(right), right, below], axis=1)
            (radius, more_x, more_y), *_ = np.linalg.lstsq(terms, away[near], rcond=None)
            x, y = x + more_x, y + more_y
    return Circle(float(x + left), float(y + top), float(radius))


def _around(page: Pixels, circle: Circle) -> tuple[Pixels, Floats]:
    """The part of a page in which a seal lies, and how far each pixel is from its centre, in radii."""
    reach = circle.radius * (1 + _BANDS[0])
    left, top = max(0, round(circle.x - reach)), max(0, round(circle.y - reach))
    part = page[top : round(circle.y + reach) + 1, left : round(circle.x + reach) + 1]
    down, across = np.ogrid[: part.shape[0], : part.shape[1]]
    away: Floats = (np.hypot(across + left - circle.x, down + top - circle.y) / circle.radius).astype(np.float32)
    return part, away


def _rim(ink: Mask, away: Floats) -> Mask:
    """Of the band in which the rim lies, the rings in which it does: those that are inked most, and their neighbours."""
    band = np.abs(away - 1) <= _BANDS[0]
    ring = np.clip(((away - 1 + _BANDS[0]) / _RING).astype(int), 0, round(2 * _BANDS[0] / _RING))
    share = np.bincount(ring[band], ink[band]) / np.maximum(1, np.bincount(ring[band]))
    full = np.convolve(share >= _INKED, np.ones(3), "same") > 0
    out: Mask = band & full[np.minimum(ring, len(full) - 1)]
    return out


def _star(ink: Mask, away: Floats, radius: float) -> Mask:
    """What is thicker than writing near the middle, and what hangs on it: the points of the star."""
    inner = (ink & (away < _STAR)).astype(np.uint8)
    stroke = max(3, round(_STROKE * radius))
    thick = cv2.erode(inner, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (stroke, stroke)))
    out: Mask = (cv2.dilate(thick, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3 * stroke, 3 * stroke))) & inner) > 0
    return out
