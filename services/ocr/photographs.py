"""A sheet that was photographed on a desk is laid flat for reading: its four edges become those of the page.

Only where the picture plainly shows a light sheet on something darker, with all four corners; a scan is left as it is. What is
laid flat is a derivative: the master stays the photograph (DA/T 31-2017).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from services.ocr import pixels as px
from services.ocr.pixels import Pixels
from services.ocr.raster import Raster

_BORDER = 0.015  # of the picture, around it: what lies there is the desk
_DARKER = 40  # levels by which the desk is darker than the sheet
_DARK_SIDES = 3  # a scanner's lid that stood open darkens one or two
_LEAST, _MOST = 0.3, 0.985  # of the picture that a photographed sheet takes
_FILLED = 0.95  # of its four-cornered outline
_EDGE = 1.0  # pixels of the small picture that are left out, for the edge is blurred
_SQUARE = 0.5  # cosine of the angle at a corner, at most
_CLOSED = 31  # pixels of the small picture: print, and a finger at the edge
_A4, _NEARLY_A4, _A4_INCHES = 297 / 210, 0.08, 11.69

Corners = np.ndarray[Any, np.dtype[np.float32]]


def laid_flat(raster: Raster, thumb: Pixels, step: int) -> Raster:
    """The sheet alone, as if it had been scanned; the same raster where it shows no photograph. ``thumb`` is the picture
    shrunk by ``step``."""
    small = px.grey(thumb)
    if not _on_a_desk(small) or (corners := _sheet(small)) is None:
        return raster
    corners = (corners + _EDGE * np.sign(corners.mean(axis=0) - corners)) * step + (step - 1) / 2
    width, height = _size(corners)
    flat = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float32)
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    page: Pixels = cv2.warpPerspective(
        raster.pixels, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    longest = max(width, height)
    is_a4 = abs(longest / min(width, height) / _A4 - 1) <= _NEARLY_A4
    dpi = longest / _A4_INCHES if is_a4 else raster.dpi
    return replace(raster, pixels=page, jpeg=None, dpi=dpi, stored_dpi=raster.scanned_dpi * dpi / raster.dpi)


def _on_a_desk(small: Pixels) -> bool:
    """Whether at least three sides of the picture are plainly darker than its middle."""
    height, width = small.shape
    y, x = max(1, round(height * _BORDER)), max(1, round(width * _BORDER))
    paper = float(np.percentile(small[height // 4 : -height // 4, width // 4 : -width // 4], 75))
    sides = (small[:y], small[-y:], small[:, :x], small[:, -x:])
    return sum(float(np.median(side)) < paper - _DARKER for side in sides) >= _DARK_SIDES


def _sheet(small: Pixels) -> Corners | None:
    """The corners of the sheet, clockwise from top left, in pixels of the small picture; None where they cannot be told."""
    _, light = cv2.threshold(cv2.GaussianBlur(small, (5, 5), 0), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    desk = cv2.copyMakeBorder(light, *[_CLOSED] * 4, cv2.BORDER_CONSTANT, value=0)  # else closing joins sheet and border
    closed = cv2.morphologyEx(desk, cv2.MORPH_CLOSE, np.ones((_CLOSED, _CLOSED), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(-_CLOSED, -_CLOSED))
    if not outlines:
        return None
    hull = cv2.convexHull(max(outlines, key=cv2.contourArea))
    around = cv2.arcLength(hull, closed=True)
    for share in (0.01, 0.02, 0.03, 0.05):
        corners = cv2.approxPolyDP(hull, share * around, closed=True)
        if len(corners) == 4:
            break
    else:
        return None
    area = cv2.contourArea(corners)
    if not _LEAST <= area / small.size <= _MOST or cv2.contourArea(hull) < _FILLED * area:
        return None
    points = _clockwise(corners.reshape(4, 2).astype(np.float32))
    return points if _is_square(points) else None


def _clockwise(points: Corners) -> Corners:
    centre = points.mean(axis=0)
    angles = np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0])
    ordered = points[np.argsort(angles)]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)


def _is_square(points: Corners) -> bool:
    """Whether every corner is within 30° of a right angle."""
    sides = np.diff(np.vstack([points, points[:1]]), axis=0)
    sides = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    return all(abs(float(a @ b)) <= _SQUARE for a, b in pairwise([*sides, sides[0]]))


def _size(corners: Corners) -> tuple[int, int]:
    """Width and height in pixels that keep all detail; those of A4 where the sheet is nearly that."""
    top_left, top_right, bottom_right, bottom_left = corners
    width = max(np.linalg.norm(top_right - top_left), np.linalg.norm(bottom_right - bottom_left))
    height = max(np.linalg.norm(bottom_left - top_left), np.linalg.norm(bottom_right - top_right))
    longer, shorter = max(width, height), min(width, height)
    if abs(longer / shorter / _A4 - 1) <= _NEARLY_A4:
        width, height = (longer / _A4, longer) if height >= width else (longer, longer / _A4)
    return round(float(width)), round(float(height))
