"""A page as it is stored beside its tokens: all that a snippet is cut from, worked out when the page is indexed.

Packed it is five lengths (32-bit); the way from the normal form to the text, in two arrays, and the stretches that masked
callers do not see (32-bit integers); eight 32-bit floats for each line's box; then, compressed, text and normal form (UTF-8).
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.kernel.paper import Box
from services.search.cutting import Aligned

PackedPage = tuple[int, bytes]
"""A page's number and its packed content."""

_LENGTHS = struct.Struct("<5I")
_KINDS = (np.int32, np.int32, np.int32, np.float32)
_ITEM = 4
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
    written, form = text.encode(), aligned.form.encode()
    arrays = (aligned.starts, aligned.shifts, np.array(hidden, np.int32), np.array(corners, np.float32))
    lengths = _LENGTHS.pack(len(written), *map(len, arrays))
    return b"".join((lengths, *(each.tobytes() for each in arrays), zlib.compress(written + form, 1)))


def unpack(number: int, packed: bytes) -> StoredPage:
    written, *lengths = _LENGTHS.unpack_from(packed)
    begin, arrays = _LENGTHS.size, list[NDArray[Any]]()
    for length, kind in zip(lengths, _KINDS, strict=True):
        arrays.append(np.frombuffer(packed, kind, length, begin))
        begin += _ITEM * length
    starts, shifts, hidden, corners = arrays
    content = zlib.decompress(memoryview(packed)[begin:])
    aligned = Aligned(content[written:].decode(), starts, shifts)
    return StoredPage(number, content[:written].decode(), aligned, hidden.tolist(), corners.tolist())
