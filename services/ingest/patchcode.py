"""Patch T separator sheets: four black bars by Kodak's specification A-61599, wide 0.20 inch, narrow 0.08, with three
spaces of 0.08 between them. zxing knows no patch codes.

Patch T is narrow, wide, narrow, wide; fed upside down it reads as Patch 3, which is a separator too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_WIDE = 2.5  # of a narrow bar or space
_PATTERN = np.array([1, 1, _WIDE, 1, 1, 1, _WIDE])  # bar, space, bar, space, bar, space, bar
_NARROW_INCHES = 0.08
_TOLERANCE = 0.35  # of a narrow bar, for worn toner and slanted sheets
_BAR_LENGTH_INCHES = 0.75  # the shortest that the specification allows
_LENGTH_OF_NARROW = _BAR_LENGTH_INCHES / _NARROW_INCHES
_LEAST_NARROW = 3  # pixels
_STEP = 8  # every eighth scan line is looked at: at 150 dpi fourteen of them cross the shortest bar
_MOST_RUNS = 64  # a line of text has more; a line through a patch code has few

Grey = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


def has_patch_t(grey: Grey, dpi: float | None) -> bool:
    """Whether a Patch T stands on the page, in any of the four directions."""
    dark = grey < 128
    return _along_rows(dark, dpi) or _along_rows(dark.T, dpi)


def _along_rows(dark: np.ndarray[Any, np.dtype[np.bool_]], dpi: float | None) -> bool:
    wanted_length = _BAR_LENGTH_INCHES * dpi if dpi else None
    lines = dark[::_STEP]
    # Bars that count cross so many lines one after the other, so one line in so many tells whether there are any.
    fewest = math.ceil((wanted_length or _LEAST_NARROW * _LENGTH_OF_NARROW) / _STEP)
    if all(_in_line(row, dpi) is None for row in lines[::fewest]):
        return False
    run, last_start = 0, -1.0
    for row in lines:
        found = _in_line(row, dpi)
        if found is None:
            run = 0
            continue
        start, narrow = found
        run = run + 1 if run == 0 or abs(start - last_start) < narrow else 1
        last_start = start
        if run * _STEP >= (wanted_length or narrow * _LENGTH_OF_NARROW):
            return True
    return False


def _in_line(row: np.ndarray[Any, np.dtype[np.bool_]], dpi: float | None) -> tuple[float, float] | None:
    """Where a patch code starts in a scan line, and how wide its narrow bars are, in pixels."""
    edges = np.flatnonzero(row[1:] != row[:-1]) + 1
    if len(edges) < len(_PATTERN) + 1 or len(edges) > 2 * _MOST_RUNS:
        return None
    widths = np.diff(edges)
    windows = np.lib.stride_tricks.sliding_window_view(widths, len(_PATTERN))
    narrow = windows.sum(axis=1) / _PATTERN.sum()
    for pattern in (_PATTERN, _PATTERN[::-1]):
        fits = (np.abs(windows - narrow[:, None] * pattern) <= _TOLERANCE * narrow[:, None]).all(axis=1)
        fits &= row[edges[: len(fits)]] & (narrow >= _LEAST_NARROW)
        if dpi:
            fits &= np.abs(narrow / (_NARROW_INCHES * dpi) - 1) < 0.2
        if fits.any():
            at = int(np.argmax(fits))
            return float(edges[at]), float(narrow[at])
    return None
