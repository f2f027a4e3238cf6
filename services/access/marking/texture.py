"""How much each pixel of a page is darkened: the faint texture of the number, and the words of the visible mark."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from services.access.marking.code import chips_of

Pixels = npt.NDArray[np.uint8]

CHIPS_ACROSS = 80
"""Chips along a page's mean edge (the root of its area): a page has the same chips at any resolution."""
DEPTH = 2.0
"""Grey levels that a chip is lighter or darker than its mean. Paper becomes that much darker, for white cannot get lighter."""
INK = 34
"""Grey levels that the visible words darken paper by: plain to see, and print on it stays legible."""
LEAN = 28.0
"""Degrees that the words rise."""
ROW_SHARE = 0.085
"""Distance of the rows of words as a share of the page's mean edge."""


def chip_pixels(width: int, height: int) -> float:
    """The edge of a chip on a page of that many pixels."""
    return float(np.sqrt(width * height)) / CHIPS_ACROSS


def texture(number: int, width: int, height: int) -> Pixels:
    """0 … 2·DEPTH grey levels, shape height×width."""
    chip = chip_pixels(width, height)
    rows, columns = int(height / chip) + 2, int(width / chip) + 2
    tile = chips_of(number)
    chips = np.tile(tile, (rows // len(tile) + 1, columns // len(tile) + 1))[:rows, :columns]
    levels = np.ascontiguousarray((1 - chips) * DEPTH + 2).astype(np.uint8)
    smooth = cv2.resize(levels, (round(columns * chip), round(rows * chip)), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(cv2.subtract(smooth[:height, :width], 2))


def words(strip: Pixels, width: int, height: int) -> Pixels:
    """The strip of words (0 … 255, one repetition of two rows) over the whole page, leaning. Half the size first, for speed."""
    size = ROW_SHARE * float(np.sqrt(width * height)) / strip.shape[0]
    angle = np.deg2rad(LEAN)
    turn = size * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    matrix = np.hstack([turn, np.zeros((2, 1), np.float32)])
    half = (width // 2 + 1, height // 2 + 1)
    faint = cv2.convertScaleAbs(strip, alpha=INK / 255)
    spread = cv2.warpAffine(faint, matrix, half, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    out: Pixels = cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR)
    return out


def darkened(picture: Pixels, by: Pixels) -> Pixels:
    """``picture`` (H×W or H×W×3) less ``by`` (H×W)."""
    out: Pixels = cv2.subtract(picture, by if picture.ndim == 2 else cv2.merge([by, by, by]))
    return out
