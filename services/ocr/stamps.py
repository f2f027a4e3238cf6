"""Red seals (公章, 财务专用章) out of the way of reading: under one, only the red channel is read.

In the red channel red ink is paper. Text that is itself red (a form's frame, a red heading) is left as it is, so only
blobs of a seal's size and shape are treated. The master is never changed: this is a derivative for reading (DA/T 31-2017).
"""

from __future__ import annotations

import numpy as np

from services.ocr import pixels as px
from services.ocr.pixels import Pixels

_THUMB = 4  # the search runs on a quarter of the size
_REDDER = 36  # levels by which red must exceed green and blue
_SMALLEST_MM, _LARGEST_MM = 8.0, 65.0  # a personal seal; the largest official seal is 58 mm with its bleed
_LONGEST_SHAPE = 2.2
_GAP_MM = (3.0, 2.0)  # across letters of a seal's ring, and between lines
_MARGIN_MM = 1.5


def without_seals(pixels: Pixels, dpi: float) -> Pixels:
    """A grey picture of an RGB (or grey) page in which seals have faded and all else is as dark as it was."""
    plain = px.grey(pixels)
    if pixels.ndim == 2:
        return plain
    boxes = seals(pixels, dpi)
    if not boxes:
        return plain
    cleared = plain.copy()
    for x, y, width, height in boxes:
        cleared[y : y + height, x : x + width] = pixels[y : y + height, x : x + width, 0]
    return cleared


def seals(pixels: Pixels, dpi: float) -> list[tuple[int, int, int, int]]:
    """Boxes (x, y, width, height) of the red blobs that have a seal's size and shape."""
    thumb = px.scaled(pixels, 1 / _THUMB).astype(np.int16)
    red = thumb[..., 0] - np.maximum(thumb[..., 1], thumb[..., 2]) > _REDDER
    if not red.any():
        return []
    millimetre = dpi / 25.4 / _THUMB
    found = []
    for x, y, width, height, _ in px.joined_blobs(red, *(round(gap * millimetre) for gap in _GAP_MM)):
        longer, shorter = max(width, height), min(width, height)
        shaped = longer <= _LONGEST_SHAPE * shorter
        if shaped and shorter >= _SMALLEST_MM * millimetre and longer <= _LARGEST_MM * millimetre:
            found.append(_grown(x, y, width, height, round(_MARGIN_MM * millimetre)))
    return found


def _grown(x: int, y: int, width: int, height: int, margin: int) -> tuple[int, int, int, int]:
    left, top = max(0, x - margin) * _THUMB, max(0, y - margin) * _THUMB
    return left, top, (x + width + margin) * _THUMB - left, (y + height + margin) * _THUMB - top
