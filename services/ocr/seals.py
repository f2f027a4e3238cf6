"""Seals read as seals (印章): the name along the rim of a round or oval one, then what stands in its middle (合同专用章).

The ring is unrolled into one straight strip, which any engine reads. The arc opens where the ring has its widest gap, so a
seal may have been pressed at any angle. Where black print lies over it, characters may be missing: a seal is told with its
confidence and never believed like print.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import cv2
import numpy as np

from services.kernel.paper import Box, Line, Seal
from services.ocr import pixels as px
from services.ocr.engines.port import Engine
from services.ocr.pixels import Floats, Pixels
from services.ocr.rims import Circle
from services.ocr.stamps import Rectangle

_SIDE = 320  # pixels across a seal as it is read: a character of its ring has about 45
_RING = (0.56, 0.92)  # of the radius: where the name stands, inside the border
_RIM = (0.80, 0.90)  # of the radius: the outer part of it
_OPENINGS, _CHARACTER, _LEAST_INK = (50.0, 180.0), 14.0, 0.45  # degrees; and the share of the usual ink that a character has
_MIDDLE = (0.36, 0.86)  # of the radius, below the centre: where the purpose stands
_HALF, _CORE, _EDGE = 0.72, 0.3, 0.03  # of the radius: to either side at most; where only the purpose is; left around it
_BORDER = (0.86, 1.06)  # of the radius: where a border is looked for
_ROUND, _OVAL = 0.6, 1.6  # share of the border that must be inked; longer to shorter axis at most
_FULL = 0.6  # share of its face that is inked: more is a blot
_INKED = 0.35  # of the reddest ink
_LEAST_CONFIDENCE = 0.5
_SHEET = 256  # pixels


def read_seals(pixels: Pixels, boxes: Sequence[Rectangle], turn: int, engine: Engine) -> tuple[Seal, ...]:
    """The seals of an RGB page that is upright after a clockwise ``turn``; its red blobs lie in ``boxes``, pixels of the page
    as it is; the boxes of the seals are those of the upright page. A round one that cannot be read has no text; what is neither
    round nor can be read is no seal but some other red."""
    alone = [_turned(box, pixels, turn) for box in boxes if not any(_within(box, other) for other in boxes)]
    upright = px.turned(pixels, turn) if alone else pixels
    return tuple(found for box in alone if (found := _seal(upright, box, engine)) is not None)


def read_black_seals(grey: Pixels, circles: Sequence[Circle], engine: Engine) -> tuple[Seal, ...]:
    """The seals of a grey, upright page, whose rims are ``circles``: one for each, without text where it cannot be read."""
    return tuple(_black_seal(grey, circle, engine) for circle in circles)


def _black_seal(grey: Pixels, circle: Circle, engine: Engine) -> Seal:
    left, top, right, bottom = (
        round(each)
        for each in (circle.x - circle.radius, circle.y - circle.radius, circle.x + circle.radius, circle.y + circle.radius)
    )
    part = grey[max(0, top) : bottom, max(0, left) : right]
    paper = max(1.0, float(np.percentile(part, 90)))
    ink = (255 - np.minimum(part * (255 / paper), 255)).astype(np.uint8)
    face = px.resized(ink, _SIDE, _SIDE)
    return Seal(*_joined(_of_round(face, _unrolled(face), engine)), _corners(left, top, right, bottom), "round")


def _turned(box: Rectangle, page: Pixels, turn: int) -> Rectangle:
    x, y, width, height = box
    down, across = page.shape[:2]
    width, height = min(width, across - x), min(height, down - y)
    return {
        0: (x, y, width, height),
        90: (down - y - height, x, height, width),
        180: (across - x - width, down - y - height, width, height),
        270: (y, across - x - width, height, width),
    }[turn]


def _within(box: Rectangle, other: Rectangle) -> bool:
    """Whether ``box`` lies in the middle of another: the star of a seal."""
    (x, y, width, height), (left, top, across, down) = box, other
    centre = left < x + width / 2 < left + across and top < y + height / 2 < top + down
    return centre and width * height < across * down / 2


def _seal(pixels: Pixels, box: Rectangle, engine: Engine) -> Seal | None:
    x, y, width, height = box
    ink = _ink(pixels[y : y + height, x : x + width])
    if ink is None:
        return None
    left, top, right, bottom = _extent(ink)
    place = _corners(x + left, y + top, x + right, y + bottom)
    face = ink[top:bottom, left:right]
    oblong = max(face.shape) / max(1, min(face.shape))
    round_one = px.resized(face, _SIDE, _SIDE) if oblong <= _OVAL else None
    if round_one is not None and _has_border(ring := _unrolled(round_one)):
        return Seal(*_joined(_of_round(round_one, ring, engine)), place, "round")
    text, sure = _joined(_in_lines(engine.read(_on_paper(255 - face))))
    return Seal(text, sure, place, "line") if text else None


def _on_paper(face: Pixels) -> Pixels:
    """On white of one of a few sizes: whoever looks for lines takes longest where it meets a new size."""
    height, width = face.shape
    down, across = (-side % _SHEET for side in (height, width))
    return np.pad(face, ((0, down), (0, across)), constant_values=255)


def _ink(part: Pixels) -> Pixels | None:
    """How red each pixel is, 0…255 of the reddest, or None where there is none."""
    red, green, blue = px.planes(part)
    redder = red.astype(np.int16) - np.maximum(green, blue)
    full = float(np.percentile(redder, 97))
    if full < 10:
        return None
    out: Pixels = np.clip(redder * (255 / full), 0, 255).astype(np.uint8)
    return out


def _extent(ink: Pixels) -> tuple[int, int, int, int]:
    """left, top, right, bottom of the ink, specks left out."""
    inked = ink > 255 * _INKED
    across, down = (np.flatnonzero(inked.sum(axis=axis) > 0.02 * inked.shape[axis]) for axis in (0, 1))
    if not len(across) or not len(down):
        return 0, 0, ink.shape[1], ink.shape[0]
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def _unrolled(face: Pixels) -> Pixels:
    """Rows from the rim inwards (each a 160th of the radius), columns clockwise from the bottom."""
    centre, radius = (_SIDE / 2, _SIDE / 2), _SIDE / 2 * 1.08
    around = round(2 * np.pi * _SIDE / 2 * 0.76)
    polar: Pixels = cv2.warpPolar(face, (round(radius), around), centre, radius, cv2.WARP_POLAR_LINEAR)
    ring = np.flipud(polar.T)
    return np.ascontiguousarray(np.roll(ring, -around // 4, axis=1))


def _rows(ring: Any, shares: tuple[float, float]) -> Any:
    """The part of the unrolled ring between two shares of the radius."""
    inner, outer = (round(ring.shape[0] - share * _SIDE / 2) for share in shares)
    return ring[max(0, outer) : inner]


def _has_border(ring: Pixels) -> bool:
    inked = ring > 255 * _INKED
    around: Any = _rows(inked, _BORDER).any(axis=0)
    return float(around.mean()) >= _ROUND and float(inked.mean()) <= _FULL


def _of_round(face: Pixels, ring: Pixels, engine: Engine) -> list[Line]:
    opening = _opening(ring)
    turn = 360.0 * opening / ring.shape[1]
    matrix = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), turn, 1.0)
    upright = cv2.warpAffine(face, matrix, (_SIDE, _SIDE))
    purpose = None
    if (rows := _purpose_rows(upright)) is not None:
        across = _shares(-_HALF, _HALF)
        purpose = _line_of(upright[rows, across], engine)
        if purpose is not None:
            upright[rows, across] = 0  # its ends reach into the ring, where they would be read with the name
    ring = _unrolled(upright)
    name = _line_of(_name_in(_rows(ring, _RING), _rows(ring, _RIM)), engine)
    return [line for line in (name, purpose) if line is not None]


def _purpose_rows(upright: Pixels) -> slice | None:
    """The rows of what stands below the star, told by its middle, which no name reaches."""
    below = _shares(*_MIDDLE)
    inked = (upright[below, _shares(-_CORE, _CORE)] > 255 * _INKED).any(axis=1)
    runs = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]])))
    starts, ends = runs[::2], runs[1::2]
    if not len(starts):
        return None
    tallest = int(np.argmax(ends - starts))
    edge = round(_EDGE * _SIDE / 2)
    return slice(below.start + int(starts[tallest]) - edge, below.start + int(ends[tallest]) + edge)


def _shares(start: float, end: float) -> slice:
    """What lies between two shares of the radius from the centre, rightwards or down."""
    return slice(round(_SIDE / 2 * (1 + start)), round(_SIDE / 2 * (1 + end)))


def _opening(ring: Pixels) -> int:
    """The column in the middle of where the ring has the least ink: near by, and to either side as far as a short name leaves
    it free. What stands in the middle of a seal hardly reaches so far out."""
    ink = (_rows(ring, _RIM) > 255 * _INKED).mean(axis=0)
    return int(np.argmin(sum(_averaged(ink, degrees) for degrees in _OPENINGS)))


def _averaged(values: Floats, degrees: float) -> Floats:
    """The mean around each column of a ring, over an arc of so many degrees."""
    reach = max(1, round(len(values) * degrees / 720))
    kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
    return np.convolve(np.concatenate([values[-reach:], values, values[:reach]]), kernel, "valid")


def _name_in(strip: Pixels, rim: Pixels) -> Pixels:
    """The part of an unrolled ring, cut at its opening, in which characters reach the rim."""
    ink = _averaged((rim > 255 * _INKED).mean(axis=0), _CHARACTER)
    inked = np.flatnonzero(ink > _LEAST_INK * float(np.percentile(ink, 75)))
    reach = round(len(ink) * _CHARACTER / 720)
    return strip[:, max(0, int(inked[0]) - reach * 5 // 2) : int(inked[-1]) + reach * 5 // 2 + 1] if len(inked) else strip


def _line_of(part: Pixels, engine: Engine) -> Line | None:
    if not part.size or not (part > 255 * _INKED).any():
        return None
    line = engine.read_strip(np.ascontiguousarray(255 - part))
    return line if line is not None and line.confidence >= _LEAST_CONFIDENCE else None


def _in_lines(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.box[0][1], line.box[0][0]))


def _joined(lines: Sequence[Line]) -> tuple[str, float]:
    return " ".join(line.text for line in lines), fmean(line.confidence for line in lines) if lines else 0.0


def _corners(left: float, top: float, right: float, bottom: float) -> Box:
    return ((float(left), float(top)), (float(right), float(top)), (float(right), float(bottom)), (float(left), float(bottom)))
