"""Red seals (公章, 财务专用章, 骑缝章) out of the way of reading: under one, only the red channel is read.

In the red channel red ink is nearly paper, and is made paper by stretching the channel to the seal's own red. Text that is
itself red (a form's frame, a red heading) is left as it is, so only blobs of a seal's size and shape are treated, long ones
only where they lie over black ink. The master is never changed: this is a derivative for reading (DA/T 31-2017).
"""

from __future__ import annotations

import numpy as np

from services.ocr import pixels as px
from services.ocr.pixels import Mask, Pixels

THUMB_STEP = 4
"""Seals are looked for on a picture of a quarter of the size."""

_REDDER, _FULL_RANGE = 36, 220  # levels by which red must exceed green and blue, where ink and paper are as far apart
_FAINTEST = 13  # the same on the palest copies: less is the codec's
_SMALLEST_MM = 5.0  # across the letters of a line stamp
_LARGEST_MM, _LONGEST_MM = 65.0, 110.0  # an official seal of 58 mm with its bleed; a line stamp (复印件与原件核对一致)
_SEAL_SHAPE = 2.0  # longer to shorter side: beyond it, a blob is a line stamp or red text
_DARKER, _TEXT_SHARE = 45, 0.03  # levels below the paper that show black ink in the red channel, and how much makes it text
_GAP_MM = (3.0, 2.0)  # across letters of a seal's ring, and between lines
_MARGIN_MM = 1.5
_GRAIN = 0.35  # of the page's contrast: what is left of the seal's red is no darker
_PALEST = 25  # percentile of the seal's red that becomes paper: below it is ink that mixes with black

Rectangle = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


def without_seals(pixels: Pixels, thumb: Pixels, dpi: float) -> tuple[Pixels, list[Rectangle]]:
    """A grey picture of an RGB (or grey) page in which seals have gone and all else is as dark as it was; and where they were.

    ``thumb`` is the same page shrunk by ``THUMB_STEP``.
    """
    plain = px.grey(pixels)
    if pixels.ndim == 2:
        return plain, []
    red = red_ink(thumb)
    boxes = seals(thumb, red, dpi / THUMB_STEP) if red.any() else []
    if not boxes:
        return plain, []
    cleared, small_plain = plain.copy(), px.grey(thumb)
    ground, darkest = px.level(small_plain, 0.5), px.level(small_plain, 0.005)
    grain = round(_GRAIN * (ground - darkest))
    for x, y, width, height in boxes:
        small = np.s_[y : y + height, x : x + width]
        full = np.s_[y * THUMB_STEP : (y + height) * THUMB_STEP, x * THUMB_STEP : (x + width) * THUMB_STEP]
        paper = max(float(np.percentile(thumb[small][..., 0][red[small]], _PALEST)), 1.0)
        # as light as the paper around and no lighter: an edge across a line would end it
        stretched = np.minimum(pixels[full][..., 0] * (ground / paper), ground)
        red_here = pixels[full][..., 0] > pixels[full][..., 1:].max(axis=2)  # grey print, however pale, is not
        cleared[full] = np.where(red_here & (stretched > ground - grain), ground, stretched).astype(np.uint8)
    return cleared, [(x * THUMB_STEP, y * THUMB_STEP, w * THUMB_STEP, h * THUMB_STEP) for x, y, w, h in boxes]


def red_ink(thumb: Pixels) -> Mask:
    """Where an RGB picture is clearly red, by the page's own contrast."""
    red, green, blue = px.planes(thumb)
    darkest, lightest = np.percentile(red[::4, ::4], (0.5, 95))
    enough = max(_FAINTEST, _REDDER * min(1.0, (lightest - darkest) / _FULL_RANGE))
    redder = red.astype(np.int16) - np.maximum(green, blue)
    found: Mask = redder - max(0.0, float(np.median(redder[::4, ::4]))) > enough
    return found


def seals(thumb: Pixels, red: Mask, dpi: float) -> list[Rectangle]:
    """The red blobs that have a seal's size and shape, with a margin."""
    millimetre = dpi / 25.4
    found = []
    for x, y, width, height, _ in px.joined_blobs(red, *(round(gap * millimetre) for gap in _GAP_MM)):
        longer, shorter = max(width, height), min(width, height)
        if shorter < _SMALLEST_MM * millimetre or longer > _LONGEST_MM * millimetre:
            continue
        seal = longer <= _SEAL_SHAPE * shorter and longer <= _LARGEST_MM * millimetre
        if seal or _over_text(thumb[y : y + height, x : x + width, 0]):
            found.append(_grown((x, y, width, height), round(_MARGIN_MM * millimetre)))
    return found


def _over_text(channel: Pixels) -> bool:
    """Whether black ink lies under a red blob. The thumb has thinned its strokes, so the paper is the measure, not black."""
    return bool(np.mean(channel < float(np.percentile(channel, 75)) - _DARKER) > _TEXT_SHARE)


def _grown(box: Rectangle, margin: int) -> Rectangle:
    x, y, width, height = box
    left, top = max(0, x - margin), max(0, y - margin)
    return left, top, x + width + margin - left, y + height + margin - top
