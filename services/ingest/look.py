"""A look at one page in a small grey picture: is it blank, is it a separator, what does it resemble."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import zxingcpp

from services.ingest.cover import parse_cover
from services.ingest.facts import Separator
from services.ingest.patchcode import Grey, has_patch_t

_ASSUMED_DPI = 150.0
_MARGIN = 0.03  # of the page: shadows of the sheet's edge
_FAINT, _SURE = 30, 58  # darker than the paper around, of 255: show-through stays below the second
_SMALLEST_MM, _SMALLEST_INK_MM2 = 0.7, 0.25  # a mark; below it is dust
_LEAST_INK_MM2 = 2.0  # what a word of small print has
_HOLE_MM = (3.5, 8.5)  # punch holes are 5.5 mm, DIN 821 and GB
_HOLE_ZONE = 0.16  # of the page, from any side
_SHADOW = 0.12  # of the page's width or height: how far the shadow of the sheet's edge reaches in
_BLACK = 90  # of 255; no ink of a seal is darker
_DARK_PAGE = 90
_FULL = 0.02  # of the middle of the page
_PLAINLY_FULL = 0.05  # of the page, at a quarter of its size: no need to look closer
_STREAK = 0.5  # of the page's height or width: dirt on the scanner's glass


def is_blank(grey: Grey, dpi: float | None) -> bool:
    """A back side with dust, punch holes, streaks or the front shining through is blank; one line of text is not.

    A page that is dark all over is not blank: something is wrong with it, and a person shall see it.
    """
    if float(np.median(grey[::4, ::4])) < _DARK_PAGE:
        return False
    per_mm = (dpi or _ASSUMED_DPI) / 25.4
    height, width = grey.shape
    y, x = int(height * _MARGIN), int(width * _MARGIN)
    inner = grey[y : height - y, x : width - x]
    small, paper = _small_and_paper(inner, per_mm)
    if float(np.mean(cv2.subtract(paper, small) > _SURE // 2)) > _PLAINLY_FULL:
        return False
    darker = np.asarray(cv2.subtract(cv2.resize(paper, (inner.shape[1], inner.shape[0])), inner))
    return not _is_full(darker) and _ink_mm2(darker, per_mm) < _LEAST_INK_MM2


def separator_of(grey: Grey, dpi: float | None) -> tuple[Separator | None, str | None]:
    """What kind of separator sheet the page is, and the text of its cover code."""
    texts = _codes(grey)
    for text in texts:
        if parse_cover(text) is not None:
            return "cover_sheet", text
    if any(text.replace(" ", "").replace("-", "").upper() == "PATCHT" for text in texts) or has_patch_t(grey, dpi):
        return "patch_t", None
    return None, None


def _codes(grey: Grey) -> list[str]:
    kinds = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code39, zxingcpp.BarcodeFormat.Code128)
    formats = zxingcpp.BarcodeFormats(list(kinds))
    found = zxingcpp.read_barcodes(np.ascontiguousarray(grey), formats=formats, return_errors=True, try_invert=False)
    if found and not any(code.valid for code in found):
        # A seal was put on it: black is darker than any ink of a seal.
        black = np.where(grey < _BLACK, 0, 255).astype(np.uint8)
        found = zxingcpp.read_barcodes(black, formats=formats)
    return [code.text for code in found if code.valid]


def perceptual_hash(grey: Grey) -> str:
    """64-bit pHash as 16 hex digits: which of the lowest frequencies of the cosine transform lie above their median.

    On scans of text it finds more rescans than a difference hash, and takes fewer other pages for one.
    """
    height, width = (max(1, side // 4) for side in grey.shape)
    whole = grey[: 4 * height, : 4 * width]  # an even factor first: many times as fast
    reduced = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    small = cv2.resize(reduced, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:8, :8].ravel()
    bits = lowest > np.median(lowest[1:])  # the first is the page's brightness
    return np.packbits(bits).tobytes().hex()


def _small_and_paper(grey: Grey, per_mm: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The page at a quarter of its size, and the paper behind its ink: folds, shadows and coloured paper drop out."""
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    side = max(3, int(per_mm * 12 / 4) | 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.asarray(small), np.asarray(cv2.blur(cv2.blur(paper, (side, side)), (side, side)))


def _is_full(darker: np.ndarray[Any, Any]) -> bool:
    """Whether ink covers the middle of the page as text does; then its marks need not be told apart one by one."""
    height, width = darker.shape
    y, x = int(height * _HOLE_ZONE), int(width * _HOLE_ZONE)
    middle = darker[y : height - y : 2, x : width - x : 2]
    return int(np.count_nonzero(middle > _SURE)) > _FULL * middle.size


def _ink_mm2(darker: np.ndarray[Any, Any], per_mm: float) -> float:
    """Area of the marks that count as ink, in square millimetres. A mark needs a surely dark core."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((darker > _FAINT).astype(np.uint8), connectivity=8)
    if count < 2:
        return 0.0
    cores = np.bincount(labels[darker > _SURE], minlength=count)
    left, top, width, height, area = (stats[:, i] for i in range(5))
    page_height, page_width = darker.shape
    marks = (cores > 0) & (np.maximum(width, height) >= _SMALLEST_MM * per_mm)
    marks &= area >= _SMALLEST_INK_MM2 * per_mm**2
    streaks = (height > _STREAK * page_height) & (width < 2 * per_mm)
    streaks |= (width > _STREAK * page_width) & (height < 2 * per_mm)
    x, y = (left + width / 2) / page_width, (top + height / 2) / page_height
    outside = (np.minimum(x, 1 - x) < _HOLE_ZONE) | (np.minimum(y, 1 - y) < _HOLE_ZONE)
    round_ones = (np.abs(width - height) < 0.25 * np.maximum(width, height)) & (area > 0.6 * width * height)
    low, high = (bound * per_mm for bound in _HOLE_MM)
    holes = outside & round_ones & (width >= low) & (width <= high)
    marks[0] = False
    counted = marks & ~streaks & ~holes & ~_edge_shadows(stats, page_width, page_height)
    return float(area[counted].sum()) / per_mm**2


def _edge_shadows(stats: np.ndarray[Any, Any], page_width: int, page_height: int) -> np.ndarray[Any, Any]:
    """Marks that reach the picture's border and run along it, in a band or round a corner."""
    left, top, width, height, area = (stats[:, i] for i in range(5))
    at_side = (left == 0) | (left + width == page_width)
    at_end = (top == 0) | (top + height == page_height)
    band = (at_side & (width < _SHADOW * page_width)) | (at_end & (height < _SHADOW * page_height))
    return np.asarray(band | ((at_side | at_end) & (area < _SHADOW * width * height)))
