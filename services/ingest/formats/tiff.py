"""TIFF 6.0 and BigTIFF. The directories are walked here, without decoding a pixel, because decoders follow a loop of
directories for ever and allocate what a header claims; pixels are Pillow's (libtiff's) work.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from services.ingest.facts import MediaType
from services.ingest.formats.paper import PageView, check_pixels, view_of
from services.ingest.formats.picture import dpi_of, loaded
from services.ingest.limits import IntakeLimits
from services.kernel.errors import ParserRefused
from services.kernel.paper import Problem

_IMAGE_WIDTH, _IMAGE_LENGTH = 256, 257
_INTEGER_FORMATS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # TIFF field types BYTE, SHORT, LONG, LONG8


@dataclass(frozen=True, slots=True)
class _Layout:
    """How classic TIFF and BigTIFF write counts, offsets and entries."""

    order: str
    count: str
    offset: str
    entry: str  # tag, type, count; the value field follows
    value_bytes: int


def _layout(order: str, *, big: bool) -> _Layout:
    return _Layout(order, "Q", "Q", "HHQ", 8) if big else _Layout(order, "H", "I", "HHI", 4)


class Tiff:
    """One page for each image file directory."""

    media_type: MediaType = "image/tiff"

    def __init__(self, source: BinaryIO, limits: IntakeLimits) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._limits = limits
        self._size = source.seek(0, os.SEEK_END)
        self._sizes = self._walk()
        self.pages = len(self._sizes)
        self._picture: Image.Image | None = None

    def view(self, number: int) -> PageView:
        width, height = self._sizes[number - 1]
        check_pixels(width, height, self._limits.page_pixels)
        picture = self._at(number)
        check_pixels(*picture.size, self._limits.page_pixels)
        loaded(picture)
        return view_of(picture, dpi_of(picture))

    def _at(self, number: int) -> Image.Image:
        try:
            if self._picture is None:
                self._source.seek(0)
                self._picture = Image.open(self._source, formats=("TIFF",))
            self._picture.seek(number - 1)
        except MemoryError:
            raise
        except Exception as error:
            raise ParserRefused("This page of the TIFF is damaged. Scan it again.", code="corrupt") from error
        return self._picture

    def _walk(self) -> list[tuple[int, int]]:
        """Width and height of each directory's picture, in the file's order."""
        layout, offset = self._header()
        sizes: list[tuple[int, int]] = []
        seen: set[int] = set()
        while offset:
            if offset in seen:
                self._report("directory_loop", "The TIFF's list of pages runs in a circle", len(sizes))
                break
            seen.add(offset)
            try:
                size, offset = self._directory(layout, offset)
            except struct.error:
                if not sizes:
                    raise ParserRefused("The TIFF ends too early. Send it again.", code="truncated") from None
                self._report("truncated", "The TIFF's list of pages breaks off", len(sizes))
                break
            sizes.append(size)
            if len(sizes) > self._limits.pages:
                break
        if not sizes:
            raise ParserRefused("The TIFF holds no page. Scan it again.", code="no_pages")
        return sizes

    def _report(self, code: str, what: str, after: int) -> None:
        message = f"{what} after page {after}; what was there is lost. Compare with the paper and scan it again."
        self.problems.append(Problem(code, message))

    def _header(self) -> tuple[_Layout, int]:
        self._source.seek(0)
        header = self._source.read(16)
        order = "<" if header[:2] == b"II" else ">"
        try:
            (version,) = struct.unpack_from(f"{order}H", header, 2)
            layout = _layout(order, big=version == 43)
            (offset,) = struct.unpack_from(order + layout.offset, header, 8 if version == 43 else 4)
        except struct.error:
            raise ParserRefused("The TIFF ends too early. Send it again.", code="truncated") from None
        return layout, offset

    def _directory(self, layout: _Layout, offset: int) -> tuple[tuple[int, int], int]:
        """Size of the directory's picture and the offset of the next one. Raises struct.error past the end of file."""
        (entries,) = self._unpack(layout.order + layout.count, offset)
        first = offset + struct.calcsize("=" + layout.count)
        entry_bytes = struct.calcsize("=" + layout.entry) + layout.value_bytes
        if first + entries * entry_bytes > self._size:
            raise struct.error
        self._source.seek(first)
        table = self._source.read(entries * entry_bytes)
        values = {}
        for start in range(0, len(table), entry_bytes):
            tag, kind, _ = struct.unpack_from(layout.order + layout.entry, table, start)
            if tag in (_IMAGE_WIDTH, _IMAGE_LENGTH) and kind in _INTEGER_FORMATS:
                at = start + entry_bytes - layout.value_bytes
                width = min(struct.calcsize(_INTEGER_FORMATS[kind]), layout.value_bytes)
                values[tag] = int.from_bytes(table[at : at + width], "little" if layout.order == "<" else "big")
        (following,) = self._unpack(layout.order + layout.offset, first + len(table))
        return (values.get(_IMAGE_WIDTH, 0), values.get(_IMAGE_LENGTH, 0)), following

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        self._source.seek(min(offset, self._size))
        return struct.unpack(form, self._source.read(struct.calcsize(form)))
