"""The face that every format shows: a file is paper with pages that can be viewed one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from services.ingest.facts import ColourMode, MediaType
from services.kernel.errors import ParserRefused
from services.kernel.paper import Problem

VIEW_DPI = 150
VIEW_LONG_SIDE = 3600


@dataclass(frozen=True, slots=True)
class PageView:
    """A small grey picture of a page and what is known of the scan it was made from. ``view_dpi`` is the picture's own
    resolution, None where the file does not say how large the sheet was.
    """

    grey: np.ndarray[tuple[int, int], np.dtype[np.uint8]]
    width_px: int
    height_px: int
    dpi: int | None
    view_dpi: float | None
    colour_mode: ColourMode


class Paper(Protocol):
    """An opened file. ``view`` takes a page number from 1 and raises ParserRefused for a page that cannot be shown."""

    media_type: MediaType
    pages: int
    problems: list[Problem]

    def view(self, number: int) -> PageView: ...


def check_pixels(width: int, height: int, most: int) -> None:
    """Refuse a picture before it is decoded. ``most`` is in pixels."""
    if width < 1 or height < 1:
        raise ParserRefused("The page has no size. Scan it again.", code="corrupt")
    if width * height > most:
        megapixels, limit = width * height / 1e6, most / 1e6
        detail = (
            f"A page of {width} x {height} pixels ({megapixels:.0f} million) is larger than the {limit:.0f} million "
            "taken here. Scan it at a lower resolution."
        )
        raise ParserRefused(detail, code="too_many_pixels")


def drafted(picture: Image.Image, dpi: int | None) -> Image.Image:
    """Have an opened JPEG decoded no larger, and in no more colours, than the view needs; others stay as they are."""
    scale = min(_wanted_scale(*picture.size, dpi), 1.0)
    grey = "L" if picture.mode in ("RGB", "L") else None
    picture.draft(grey, (max(1, int(picture.width * scale)), max(1, int(picture.height * scale))))
    return picture


def view_of(
    picture: Image.Image, dpi: int | None, size: tuple[int, int] | None = None, colour_mode: ColourMode | None = None
) -> PageView:
    """Make the small view of a picture; ``size`` and ``colour_mode`` are the scan's, where the picture was drafted."""
    width, height = size or picture.size
    mode = colour_mode or colour_mode_of(picture)
    scale = min(_wanted_scale(width, height, dpi), 1.0)
    factor = max(1, int(picture.width / max(1, round(width * scale))))
    grey = _as_grey(picture, factor)
    return PageView(grey, width, height, dpi, dpi * grey.shape[1] / width if dpi else None, mode)


def _wanted_scale(width: int, height: int, dpi: int | None) -> float:
    by_side = VIEW_LONG_SIDE / max(width, height)
    return min(VIEW_DPI / dpi, by_side) if dpi else min(by_side, VIEW_LONG_SIDE / 2 / max(width, height))


def _as_grey(picture: Image.Image, factor: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    if picture.mode in ("P", "PA", "1", "CMYK", "YCbCr", "LAB", "HSV"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "L" if picture.mode == "1" else "RGB")
    if picture.mode.startswith("I;"):  # Pillow does not shrink these
        return _stretched(np.asarray(picture, dtype=np.float32)[::factor, ::factor])
    if factor > 1:
        picture = picture.reduce(factor)
    if picture.mode in ("RGBA", "LA", "RGBa", "La"):
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    if picture.mode.startswith("I") or picture.mode == "F":
        return _stretched(np.asarray(picture, dtype=np.float32))
    return np.array(picture.convert("L"), dtype=np.uint8)


def _stretched(deep: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """16-bit and floating-point greys come in several scales; the largest value is taken for white."""
    top = float(deep.max())
    ceiling = 1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0 if top <= 65535 else top
    return np.array(np.clip(deep / ceiling * 255, 0, 255), dtype=np.uint8)


def colour_mode_of(picture: Image.Image) -> ColourMode:
    """As scanned: black and white, shades of grey, or colours."""
    if picture.mode == "1":
        return "bitonal"
    if picture.mode in ("L", "LA", "La", "F") or picture.mode.startswith("I"):
        return "grey"
    if picture.mode == "P":
        return "colour" if any(r != g or g != b for r, g, b in _palette(picture)) else "grey"
    return "colour"


def _palette(picture: Image.Image) -> list[tuple[int, int, int]]:
    flat = picture.getpalette("RGB") or []
    return list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
