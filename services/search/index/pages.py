"""A page as it is stored beside its tokens: all that a snippet is cut from, worked out when the page is indexed.

Packed it is five lengths (32-bit), then, compressed: the masked text and its normal form (UTF-8), the way from the one to the
other, the stretches that masked callers do not see (32-bit integers), and eight 32-bit floats for each line's box.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.kernel.paper import Box
from services.search.cutting import Aligned

PackedPage = tuple[int, bytes]
"""A page's number and its packed content."""

_LENGTHS = struct.Struct("<5I")
_CORNERS = 8


@dataclass(frozen=True, slots=True)
class StoredPage:
    """``text`` is canonical (NFC), its lines joined by line breaks; ``hidden`` are [start, end) pairs one after the other;
    ``corners`` the coordinates of the lines' boxes.
    """

    number: int
    text: str
    aligned: Aligned
    hidden: Sequence[int]
    corners: Sequence[float]

    def shown(self, start: int, end: int) -> str:
        """Return ``text[start:end]`` as masked callers see it."""
        signs = list(self.text[start:end])
        first = bisect_right(self.hidden[1::2], start)
        for begin, stop in zip(self.hidden[2 * first :: 2], self.hidden[2 * first + 1 :: 2], strict=True):
            if begin >= end:
                break
            begin, stop = max(begin, start), min(stop, end)
            signs[begin - start : stop - start] = "*" * (stop - begin)
        return "".join(signs)

    def lines(self, start: int, end: int) -> Iterable[tuple[str, Box, int, int]]:
        """Yield the lines that ``text[start:end]`` touches, their boxes, and which part of the line it is."""
        number, begin = self.text.count("\n", 0, start), self.text.rfind("\n", 0, start) + 1
        while begin < end:
            stop = self.text.find("\n", begin)
            stop = len(self.text) if stop < 0 else stop
            first, last = max(start, begin) - begin, min(end, stop) - begin
            if first < last:
                yield self.text[begin:stop], self._box(number), first, last
            number, begin = number + 1, stop + 1

    def _box(self, line: int) -> Box:
        a, b, c, d, e, f, g, h = self.corners[_CORNERS * line : _CORNERS * (line + 1)]
        return ((a, b), (c, d), (e, f), (g, h))


def pack(text: str, aligned: Aligned, hidden: Sequence[int], corners: Sequence[float]) -> bytes:
    parts = (
        text.encode(),
        aligned.form.encode(),
        array("i", aligned.starts).tobytes() + array("i", aligned.shifts).tobytes(),
        array("i", hidden).tobytes(),
        array("f", corners).tobytes(),
    )
    return _LENGTHS.pack(*map(len, parts)) + zlib.compress(b"".join(parts), 1)


def unpack(number: int, packed: bytes) -> StoredPage:
    content = memoryview(zlib.decompress(memoryview(packed)[_LENGTHS.size :]))
    parts: list[memoryview] = []
    begin = 0
    for length in _LENGTHS.unpack_from(packed):
        parts.append(content[begin : begin + length])
        begin += length
    text, form, way, hidden, corners = parts
    half = len(way) // 2
    aligned = Aligned(str(form, "utf-8"), _array("i", way[:half]), _array("i", way[half:]))
    return StoredPage(number, str(text, "utf-8"), aligned, _array("i", hidden), _array("f", corners))


def _array(kind: str, packed: memoryview) -> Sequence[int]:
    values = array(kind)
    values.frombytes(packed)
    return values
