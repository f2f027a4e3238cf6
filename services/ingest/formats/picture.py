"""JPEG, PNG, WebP and HEIC: by Pillow and pillow-heif, decoded no larger than needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from services.ingest.facts import MediaType
from services.ingest.formats.paper import PageView, check_pixels, colour_mode_of, drafted, view_of
from services.ingest.limits import IntakeLimits
from services.kernel.errors import ParserRefused
from services.kernel.paper import Problem

_PILLOW_NAMES: dict[MediaType, str] = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_TAIL = 1 << 16
# ISO 10918-1 end of image, PNG's IEND chunk
_ENDS: dict[MediaType, bytes] = {"image/jpeg": b"\xff\xd9", "image/png": b"IEND"}


class Picture:
    """A file of one picture. Of an animation only the first picture is a page, and that is reported."""

    pages = 1

    def __init__(self, source: BinaryIO, media_type: MediaType, limits: IntakeLimits) -> None:
        self.media_type = media_type
        self.problems: list[Problem] = []
        self._source = source
        self._limits = limits
        picture = self._opened()
        if media_type != "image/jpeg" and getattr(picture, "n_frames", 1) > 1:
            message = "This is an animation; only its first picture was taken. Send the pages as a PDF or TIFF."
            self.problems.append(Problem("animated", message))

    def view(self, number: int) -> PageView:
        picture = self._opened()
        size, dpi, mode = picture.size, dpi_of(picture), colour_mode_of(picture)
        drafted(picture, dpi)
        loaded(picture, cut_off=self._looks_cut_off)
        turned = picture.getexif().get(0x0112, 1) >= 5  # EXIF orientation: a quarter turn
        upright = ImageOps.exif_transpose(picture)
        return view_of(upright, dpi, size[::-1] if turned else size, mode)

    def _opened(self) -> Image.Image:
        self._source.seek(0)
        try:
            picture = Image.open(self._source, formats=(_PILLOW_NAMES[self.media_type],))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
            raise unreadable(self._looks_cut_off()) from error
        check_pixels(*picture.size, self._limits.page_pixels)
        return picture

    def _looks_cut_off(self) -> bool:
        end = _ENDS.get(self.media_type)
        size = self._source.seek(0, os.SEEK_END)
        self._source.seek(max(0, size - _TAIL))
        return end is not None and end not in self._source.read()


class HeifPicture:
    """HEIC, as phones send it: each top-level picture of the file is a page."""

    media_type: MediaType = "image/heic"

    def __init__(self, source: BinaryIO, limits: IntakeLimits) -> None:
        import pillow_heif

        self.problems: list[Problem] = []
        self._limits = limits
        try:
            self._file = pillow_heif.open_heif(source, convert_hdr_to_8bit=True)
        except (ValueError, EOFError, SyntaxError, RuntimeError, OSError) as error:
            raise unreadable(cut_off=False) from error
        self.pages = len(self._file)

    def view(self, number: int) -> PageView:
        picture = self._file[number - 1]
        width, height = picture.size
        check_pixels(width, height, self._limits.page_pixels)
        try:
            decoded: Image.Image = picture.to_pillow()
        except (ValueError, EOFError, SyntaxError, RuntimeError, OSError) as error:
            raise unreadable(cut_off=True) from error
        return view_of(decoded, dpi_of(decoded))


def loaded(picture: Image.Image, *, cut_off: Callable[[], bool] = lambda: False) -> None:
    """Decode, and turn the many exceptions of decoders into a refusal; ``cut_off`` tells whether the file's end is missing."""
    try:
        picture.load()
    except MemoryError:
        raise
    except Exception as error:
        truncated = "truncated" in str(error).lower() or cut_off()
        raise unreadable(truncated) from error


def unreadable(cut_off: bool) -> ParserRefused:
    if cut_off:
        return ParserRefused("The picture ends too early. Send the file again, or scan the sheet again.", code="truncated")
    return ParserRefused("The picture is damaged and cannot be shown. Scan the sheet again.", code="corrupt")


def dpi_of(picture: Image.Image) -> int | None:
    """Resolution in dots per inch, None where it is not told or cannot be (below 50 it is a screen's or a default)."""
    told: Any = picture.info.get("dpi")
    try:
        dpi = round(float(told[0]))
    except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return dpi if 75 <= dpi <= 5000 else None
