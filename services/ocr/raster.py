"""One page of a stored file as pixels. The parsers run in the sandbox's child process; what comes back is checked here.

The child calls :func:`rasterise`; the archive rebuilds the answer with :meth:`Raster.from_answer`, which believes no number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from services.kernel.errors import ParserFailed, ParserRefused
from services.ocr.jpeg import jpeg_header
from services.ocr.pixels import Pixels

READING_DPI, LEAST_READING_DPI = 200, 148
"""Engines read best near DA/T 31-2017's 200 dpi; finer masters are reduced to it for reading. At 150 they read as well, so a
JPEG of 300 dpi is decoded at half its size, which its codec does in a third of the time."""

MAX_PIXELS = 200_000_000
"""Of the stored picture. An A0 drawing at 300 dpi has 139 million; a bomb has more than paper can."""

MAX_DPI = 4800.0


@dataclass(frozen=True, slots=True)
class Raster:
    """``pixels`` for reading, at most a fifth finer than asked for; ``dpi`` is their resolution, from what the file declares
    or, where it declares nonsense, as if it showed an A4 page; ``stored_dpi`` that of the stored picture, where it is another.
    ``jpeg`` is the stored picture's own JPEG where it can serve
    unchanged as the page picture: grey or colour, as upright as ``pixels``, of the same proportions but perhaps finer.
    """

    pixels: Pixels
    dpi: float
    jpeg: bytes | None = None
    stored_dpi: float | None = None

    @property
    def scanned_dpi(self) -> float:
        """The resolution that the scanner gave, whatever reading needs of it."""
        return self.stored_dpi or self.dpi

    @classmethod
    def from_answer(
        cls, facts: Mapping[str, Any], blobs: Sequence[bytes | memoryview], *, max_pixels: int = MAX_PIXELS
    ) -> Raster:
        """Rebuild what the child answered; the pixels stay where they lie.

        Raises ``ParserFailed`` for numbers that do not add up.
        """
        width, height, channels = (_natural(facts.get(name)) for name in ("width", "height", "channels"))
        if channels not in (1, 3) or width * height > max_pixels:
            raise _nonsense("the picture's size is out of bounds")
        if not blobs or len(blobs[0]) != width * height * channels or len(blobs) > 2:
            raise _nonsense("the pixels do not fill the picture")
        dpi, stored_dpi = _resolution(facts.get("dpi")), _resolution(facts.get("stored_dpi"))
        jpeg = bytes(blobs[1]) if len(blobs) == 2 else None
        if jpeg is not None and not serves_as_picture(jpeg, width, height, max_pixels=max_pixels):
            raise _nonsense("the JPEG is not the picture that was sent")
        shape = (height, width) if channels == 1 else (height, width, 3)
        return cls(np.frombuffer(blobs[0], np.uint8).reshape(shape), dpi, jpeg, stored_dpi)


def rasterise(
    source: BinaryIO, *, media_type: str, page: int, dpi: int = READING_DPI, least_dpi: int | None = None
) -> tuple[dict[str, Any], list[bytes | memoryview]]:
    """The child's side: :func:`page_image` as JSON facts and raw blocks (pixels, and the JPEG if there is one)."""
    raster = page_image(source, media_type, page, dpi, least_dpi=least_dpi)
    height, width = raster.pixels.shape[:2]
    facts = {"width": width, "height": height, "channels": 1 if raster.pixels.ndim == 2 else 3, "dpi": raster.dpi}
    facts["stored_dpi"] = raster.scanned_dpi
    pixels = np.ascontiguousarray(raster.pixels).data.cast("B")
    return facts, [pixels, *([raster.jpeg] if raster.jpeg is not None else [])]


def page_image(
    source: BinaryIO,
    media_type: str,
    page: int,
    dpi: int = READING_DPI,
    *,
    least_dpi: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Raster:
    """Page ``page`` (from 1) of a PDF, TIFF, JPEG, PNG, HEIC or WebP for reading at about ``dpi``, or down to ``least_dpi``
    where that is had for nothing.

    Raises ``ParserRefused`` with code ``unsupported``, ``no_such_page``, ``encrypted``, ``truncated``,
    ``too_many_pixels`` or ``unreadable``.
    """
    from services.ocr import images, pdf  # the codecs load only in the process that parses

    if media_type == "application/pdf":
        return pdf.page_image(source, page, dpi, least_dpi or dpi, max_pixels)
    if media_type in images.FORMATS:
        return images.page_image(source, media_type, page, dpi, least_dpi or dpi, max_pixels)
    raise ParserRefused(f"{media_type} is not a page format; scan to PDF, TIFF, JPEG, PNG, HEIC or WebP.", code="unsupported")


def count_pages(source: BinaryIO, media_type: str, *, max_pixels: int = MAX_PIXELS) -> int:
    """How many pages the file has. Raises as :func:`page_image`."""
    from services.ocr import images, pdf

    if media_type == "application/pdf":
        return pdf.count_pages(source)
    if media_type in images.FORMATS:
        return images.count_pages(source, media_type, max_pixels)
    raise ParserRefused(f"{media_type} is not a page format; scan to PDF, TIFF, JPEG, PNG, HEIC or WebP.", code="unsupported")


def serves_as_picture(jpeg: bytes, width: int, height: int, *, max_pixels: int = MAX_PIXELS) -> bool:
    """Whether a JPEG may stand for a picture of this size: same proportions, not coarser, grey or colour, whole."""
    header = jpeg_header(jpeg)
    if header is None or not header.complete or header.components not in (1, 3):
        return False
    if header.width < width or header.height < height or header.width * header.height > max_pixels:
        return False
    # reducing rounds each side to a whole pixel, so the two factors may differ by about that much
    across, down = header.width / width, header.height / height
    return abs(across - down) <= across * (1.5 / min(width, height) + 0.001)


def plausible_dpi(declared: float, width: int, height: int) -> float:
    """The declared resolution, or that of an A4 page of so many pixels where a program left its default (72, 96) or none.

    A phone's photograph declares 72 and shows a page; a scanner never goes below 100.
    """
    if 100 <= declared <= MAX_DPI:
        return float(declared)
    return min(max(max(width, height) / 11.69, 1.0), 600.0)


def too_many_pixels(width: int, height: int, max_pixels: int) -> ParserRefused:
    return ParserRefused(
        f"The page has {width} × {height} pixels, more than the {max_pixels} that are read. "
        "Scan it again at a lower resolution.",
        code="too_many_pixels",
    )


def no_such_page(page: int, pages: int) -> ParserRefused:
    return ParserRefused(f"There is no page {page}; the file has {pages}.", code="no_such_page")


def _resolution(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or not 1 <= value <= MAX_DPI:
        raise _nonsense("the resolution is out of bounds")
    return float(value)


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 100_000:
        raise _nonsense("a size is not a number of pixels")
    return value


def _nonsense(what: str) -> ParserFailed:
    return ParserFailed(f"The parser's answer is refused: {what}. The file may be hostile; keep it in quarantine.")
