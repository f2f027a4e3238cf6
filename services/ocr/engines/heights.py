"""Boxes as high as their print: where people sign, a hand reaches above and below the printed line, and the finder's box with
it. Lines of one row would then not be taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from services.ocr import pixels as px
from services.ocr.engines.strips import Reading
from services.ocr.pixels import Floats, Pixels

_TO_SIGN = re.compile(r"[人方者主字章名印] ?[)）]? ?[:：]?$")
_DARK = 0.4  # of the strip's contrast: ink
_WRITTEN = 0.2  # of the fullest row's ink: a row of print has more, one that strokes reach into less
_MARGIN = 0.12  # of the print's height, above and below, as finders leave
_HIGHER = 1.25  # times its print: a box is left as it is up to that


def as_print(
    readings: Sequence[Reading], boxes: Floats, cuts: Floats, strips_of: Callable[[Floats], list[Pixels]]
) -> tuple[Floats, Floats]:
    """``boxes`` and ``cuts`` (N×4×2, corners clockwise from top left), those where people sign as high as what is printed."""
    which = [index for index, one in enumerate(readings) if one.seen and _TO_SIGN.search(one.text)]
    if not which:
        return boxes, cuts
    boxes, cuts = boxes.copy(), cuts.copy()
    for index, strip in zip(which, strips_of(cuts[which]), strict=True):
        if (rows := _printed_rows(strip, readings[index].seen[-1])) is not None:
            boxes[index], cuts[index] = _between(boxes[index], *rows), _between(cuts[index], *rows)
    return boxes, cuts


def _printed_rows(strip: Pixels, end: float) -> tuple[float, float] | None:
    """Between which shares of the strip's height the first part of it, up to a share of its length, is written."""
    part = strip[:, : max(1, round(end * strip.shape[1]))]
    low, high = px.level(part, 0.005), px.level(part, 0.9)
    ink = (part < high - _DARK * (high - low)).sum(axis=1)
    rows = np.flatnonzero(ink > _WRITTEN * ink.max())
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    margin = _MARGIN * (bottom - top)
    if strip.shape[0] < _HIGHER * (bottom - top + 2 * margin):
        return None
    return max(0.0, (top - margin) / strip.shape[0]), min(1.0, (bottom + margin) / strip.shape[0])


def _between(box: Floats, top: float, bottom: float) -> Floats:
    down = box[[3, 2]] - box[[0, 1]]
    upper, lower = box[[0, 1]] + top * down, box[[0, 1]] + bottom * down
    out: Floats = np.stack([upper[0], upper[1], lower[1], lower[0]])
    return out
