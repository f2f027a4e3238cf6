"""The boxes that a form rules on its page (表格线): what stands in one box is read together.

Lengths are pixels of the upright page, level as the writing: ``turned`` by its tilt about the corner, as ``order`` has them.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from services.ocr import pixels as px
from services.ocr.pixels import Mask, Pixels

_DPI = 75.0  # enough for a hair line, a fifth of the work
_INK = 24  # levels darker than the paper around
_RULE_MM, _GAP_MM = 8.0, 3.0  # no stroke of a character is as long; what a fold may cut out of a rule
_LEAST_MM, _FILL = 3.0, 0.85  # the smallest box, and how much of its rectangle a box has
_LARGEST = 0.8  # of the page: a border, not a box

Rectangle = tuple[float, float, float, float]
"""left, top, right, bottom"""


def ruled_boxes(sheet: Pixels, dpi: float, tilt: float) -> list[Rectangle]:
    """The innermost rectangles between ruled lines of a grey page whose writing leans by ``tilt`` degrees."""
    step = max(1, int(dpi // _DPI))
    small = px.shrunk(sheet, step)
    level, (left, top) = _level(small, tilt)
    rules = _rules(level, dpi / step / 25.4)
    if rules is None:
        return []
    boxes = _rectangles(rules, dpi / step / 25.4)
    return [tuple((edge - shift) * step for edge, shift in zip(box, (left, top, left, top), strict=True)) for box in boxes]  # type: ignore[misc]


def _level(small: Pixels, tilt: float) -> tuple[Pixels, tuple[float, float]]:
    """The page turned until its writing is level, moved so that nothing is cut off; and by how much it was moved."""
    if abs(tilt) < 0.1:
        return small, (0.0, 0.0)
    height, width = small.shape[:2]
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    left, top = max(0.0, -height * sine), max(0.0, width * sine)
    turn = np.array([[cosine, sine, left], [-sine, cosine, top]], np.float32)
    size = (math.ceil(width * cosine + height * abs(sine)), math.ceil(height * cosine + width * abs(sine)))
    level: Pixels = cv2.warpAffine(small, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return level, (left, top)


def _rules(level: Pixels, per_mm: float) -> Mask | None:
    """Where straight lines run across or down, gaps closed; None where none run one way, for then they make no box."""
    ink = (cv2.subtract(px.local_background(level, 15), level) > _INK).astype(np.uint8)
    length, gap = round(_RULE_MM * per_mm), max(2, round(_GAP_MM * per_mm))
    found = np.zeros_like(ink)
    for along, bridge, thick in (((length, 1), (gap, 1), (1, 3)), ((1, length), (1, gap), (3, 1))):
        # a rule that leans by half a pixel steps from row to row: thickened, it stays whole
        strokes = cv2.dilate(ink, _block(thick))
        lines = cv2.morphologyEx(strokes, cv2.MORPH_OPEN, _block(along))
        if not lines.any():
            return None
        found |= cv2.morphologyEx(lines, cv2.MORPH_CLOSE, _block(bridge))
    rules: Mask = found > 0
    return rules


def _block(size: tuple[int, int]) -> Mask:
    kernel: Mask = cv2.getStructuringElement(cv2.MORPH_RECT, size)
    return kernel


def _rectangles(rules: Mask, per_mm: float) -> list[Rectangle]:
    _, _, stats, _ = cv2.connectedComponentsWithStats((~rules).astype(np.uint8), connectivity=4)
    left, top, width, height, area = (stats[1:, column].astype(np.float64) for column in range(5))
    boxes = (area >= _FILL * width * height) & (np.minimum(width, height) >= _LEAST_MM * per_mm)
    boxes &= area <= _LARGEST * rules.size
    boxes &= (left > 0) & (top > 0) & (left + width < rules.shape[1]) & (top + height < rules.shape[0])
    found = [
        (float(x), float(y), float(x + w), float(y + h))
        for x, y, w, h in zip(left[boxes], top[boxes], width[boxes], height[boxes], strict=True)
    ]
    # a box is full of paper: what lies within one is a stamp's edge or strokes that a seal joined
    return [box for box in found if not any(_holds(other, box) for other in found)]


def _holds(outer: Rectangle, inner: Rectangle) -> bool:
    (left, top, right, bottom), (begin, head, end, foot) = outer, inner
    return outer != inner and left <= begin and top <= head and end <= right and foot <= bottom
