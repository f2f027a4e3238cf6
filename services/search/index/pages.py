"""A page as it is stored beside its tokens: all that a snippet is cut from, worked out when the page is indexed.

Packed it is four lengths (32-bit); the way from the normal form to the text, in two arrays (32-bit integers); eight 32-bit
floats for each line's box; then, compressed, the masked text and the normal form (UTF-8). The form says in one string what the
tokens beside it say, names included: by it a name that the text masks is marked where it stands.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.kernel.paper import Box
from services.search.cutting import Aligned

PackedPage = tuple[int, bytes]
"""A page's number and its packed content."""

_LENGTHS = struct.Struct("<4I")
_KINDS = (np.int32, np.int32, np.float32)
_ITEM = 4
_CORNERS = 8


@dataclass(frozen=True, slots=True)
class StoredPage:
    """``text`` is canonical (NFC) and masked, its lines joined by line breaks; ``corners`` are the coordinates of the lines'
    boxes."""

    number: int
    text: str
    aligned: Aligned
    corners: Sequence[float]

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


def pack(text: str, aligned: Aligned, corners: Sequence[float]) -> bytes:
    written, form = text.encode(), aligned.form.encode()
    arrays = (aligned.starts, aligned.shifts, np.array(corners, np.float32))
    lengths = _LENGTHS.pack(len(written), *map(len, arrays))
    return b"".join((lengths, *(each.tobytes() for each in arrays), zlib.compress(written + form, 1)))


def unpack(number: int, packed: bytes) -> StoredPage:
    written, *lengths = _LENGTHS.unpack_from(packed)
    begin, arrays = _LENGTHS.size, list[NDArray[Any]]()
    for length, kind in zip(lengths, _KINDS, strict=True):
        arrays.append(np.frombuffer(packed, kind, length, begin))
        begin += _ITEM * length
    starts, shifts, corners = arrays
    content = zlib.decompress(memoryview(packed)[begin:])
    aligned = Aligned(content[written:].decode(), starts, shifts)
    return StoredPage(number, content[:written].decode(), aligned, corners.tolist())
