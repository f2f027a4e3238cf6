"""The words of the visible mark as a strip of pixels, one repetition: who reads, when, under which request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from services.kernel import fonts

EM = 34
"""Pixels; the strip is scaled to the page."""
ROW = 5 * EM
GAP = 4 * EM


@dataclass(frozen=True, slots=True)
class Strip:
    """``pixels``: 8-bit grey, ``height`` rows of ``width``, ink is 255."""

    width: int
    height: int
    pixels: bytes


@lru_cache(maxsize=256)
def strip_of(words: str) -> Strip:
    """Two rows, the second half a repetition on, so that the page is covered evenly."""
    font = ImageFont.truetype(str(fonts.chinese()), EM, index=fonts.SIMPLIFIED, layout_engine=ImageFont.Layout.BASIC)
    width = round(font.getlength(words)) + GAP
    image = Image.new("L", (width, 2 * ROW))
    draw = ImageDraw.Draw(image)
    for left, top in ((0, 0), (width // 2, ROW), (width // 2 - width, ROW)):
        draw.text((left, top + EM), words, font=font, fill=255)
    return Strip(width, 2 * ROW, image.tobytes())
