"""Handwriting told from print (手写), so that nothing written by hand passes as sure.

A typeface draws the same sign the same way: its uprights are upright, its levels level, its signs stand on one line. A hand's
lean, wander and hop. No model of hands is to be had; these are measured on the line's picture, piece by piece, since often only
the value behind a printed label is written. The weights were fitted to bent type (``samples.hand``), so they are a proposal,
and what they flag is looked at by a person.

Only lines in the colour of a pen are looked at, which costs pages in black nothing: what is written in black, or was scanned in
grey, is told by the recogniser's doubt alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from services.kernel.boxes import bounds, is_column
from services.kernel.paper import Line
from services.ocr import pixels as px
from services.ocr.pixels import Floats, Mask, Pixels

_HEIGHT = 48  # pixels of the strip on which is measured
_PIECE, _STEP = 192, 96  # four ems, half of them shared with the next piece
_BLUE, _BLUE_SHARE = 28, 0.02  # levels by which blue exceeds red in a pen's ink, and how much of a line's box has it
_LEAST_INK = 0.02  # of a piece: fewer is a stop or a stroke
_NEAR, _ALIKE = 30.0, 5.0  # degrees from upright or level: strokes that mean to be so, and those that are
_INTERCEPT = 5.02
_WEIGHTS = {"upright": -13.39, "level": -12.48, "lean": 11.09, "tops": 9.06, "bottoms": 1.39}
"""A logistic model of 4,303 pieces of generated pages, seeds 500 to 503, three in five of them filled in by hand."""
_LIMIT = -1.0  # score above which a piece is a hand's


def told_apart(lines: Sequence[Line], grey: Pixels, thumb: Pixels) -> tuple[Line, ...]:
    """The lines, those written by hand marked so. ``grey`` is the upright page as it was read, ``thumb`` the same smaller, in
    RGB where it has colour."""
    if thumb.ndim == 2 or not (blue := _blue(thumb)).any():
        return tuple(lines)
    return tuple(replace(line, hand=True) if _by_hand(line, grey, blue) else line for line in lines)


def _by_hand(line: Line, grey: Pixels, blue: Mask) -> bool:
    if len(line.text) < 2 or is_column(line.text, line.box) or _share_of(blue, line, grey.shape[1]) <= _BLUE_SHARE:
        return False
    return any(_score(each) > _LIMIT for each in _pieces(_strip(grey, line)))


def _score(measured: dict[str, float]) -> float:
    return _INTERCEPT + sum(weight * measured[name] for name, weight in _WEIGHTS.items())


def _blue(thumb: Pixels) -> Mask:
    red, _, blue = px.planes(thumb)
    found: Mask = cv2.subtract(blue, red) > _BLUE
    return found


def _share_of(mask: Mask, line: Line, width: int) -> float:
    """How much of a line's box a mask of the page covers, which is ``width`` pixels wide where the line's box is at home."""
    left, top, right, bottom = (max(0, round(edge * mask.shape[1] / width)) for edge in bounds(line.box))
    part = mask[top : bottom + 1, left : right + 1]
    return float(part.mean()) if part.size else 0.0


def _strip(grey: Pixels, line: Line) -> Pixels:
    """The line level, 48 pixels high."""
    length, height = math.dist(line.box[0], line.box[1]), math.dist(line.box[0], line.box[3])
    width = max(8, round(length * _HEIGHT / max(1.0, height)))
    here = np.array(line.box, np.float32)
    there = np.array([(0, 0), (width, 0), (width, _HEIGHT), (0, _HEIGHT)], np.float32)
    out: Pixels = cv2.warpPerspective(
        grey,
        cv2.getPerspectiveTransform(here, there),
        (width, _HEIGHT),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return out


def _pieces(strip: Pixels) -> Iterable[dict[str, float]]:
    """The features of each piece that has ink."""
    ink = _ink(strip)
    for left in range(0, max(1, strip.shape[1] - _STEP), _STEP):
        part = np.s_[:, left : left + _PIECE]
        if float(ink[part].mean()) >= _LEAST_INK:
            yield features(strip[part], ink[part])


def _ink(strip: Pixels) -> Mask:
    """Where ink is, without what runs through from end to end: the line that is written on."""
    limit, _ = cv2.threshold(strip, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    ink = (strip <= limit).astype(np.uint8)
    under = cv2.morphologyEx(ink, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (64, 1)))
    found: Mask = (ink > 0) & (cv2.dilate(under, np.ones((3, 1), np.uint8)) == 0)
    return found


def features(strip: Pixels, ink: Mask) -> dict[str, float]:
    """How upright, how level, how well on one line: shares 0…1, and spreads in shares of the height."""
    smooth = cv2.GaussianBlur(np.where(ink, strip, 255).astype(np.uint8), (0, 0), 0.8)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    strong = strength > 0.35 * float(strength.max())
    angle = np.degrees(np.arctan2(down[strong], across[strong]))
    upright, level = (angle + 90) % 180 - 90, angle % 180 - 90
    tops, bottoms = _signs(ink)
    return {
        "upright": _share(upright),
        "level": _share(level),
        "lean": _middle(upright) / _NEAR,
        "tops": _spread(tops),
        "bottoms": _spread(bottoms),
    }


def _share(angles: Floats) -> float:
    near = np.abs(angles) < _NEAR
    return float((np.abs(angles[near]) < _ALIKE).mean()) if near.sum() > 20 else 0.6


def _middle(angles: Floats) -> float:
    near = angles[np.abs(angles) < _NEAR]
    return float(np.abs(np.median(near))) if len(near) > 20 else 0.0


def _signs(ink: Mask) -> tuple[Floats, Floats]:
    """Top and bottom of each sign that is about as high as a sign should be, in shares of the strip's height."""
    joined = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    high = stats[1:][stats[1:, cv2.CC_STAT_HEIGHT] > 0.45 * _HEIGHT]
    tops = high[:, cv2.CC_STAT_TOP].astype(np.float32) / _HEIGHT
    return tops, tops + high[:, cv2.CC_STAT_HEIGHT] / np.float32(_HEIGHT)


def _spread(places: Floats) -> float:
    return float(np.std(places)) if len(places) > 1 else 0.03
