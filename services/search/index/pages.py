"""A page as it is stored beside its tokens: all that a snippet is cut from, worked out when the page is indexed.

Packed it is four lengths (32-bit); the way from the normal form to the text, in two arrays (32-bit integers); eight 32-bit
floats for each line's box, and behind the last of them, for each line that is not set evenly, its number, how many places it
has, and these; then, compressed, the masked text and the normal form (UTF-8). The form says in one string what the
tokens beside it say, names included: by it a name that the text masks is marked where it stands.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
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
    boxes; ``places`` where the characters stand of lines that are not set evenly, by the line's number."""

    number: int
    text: str
    aligned: Aligned
    corners: NDArray[np.float32]
    places: Mapping[int, Sequence[int]]

    def lines(self, start: int, end: int) -> Iterable[tuple[str, Box, int, int, Sequence[int] | None]]:
        """Yield the lines that ``text[start:end]`` touches, their boxes, which part of the line it is, and its places."""
        number, begin = self.text.count("\n", 0, start), self.text.rfind("\n", 0, start) + 1
        while begin < end:
            stop = self.text.find("\n", begin)
            stop = len(self.text) if stop < 0 else stop
            first, last = max(start, begin) - begin, min(end, stop) - begin
            if first < last:
                yield self.text[begin:stop], self._box(number), first, last, self.places.get(number)
            number, begin = number + 1, stop + 1

    def _box(self, line: int) -> Box:
        a, b, c, d, e, f, g, h = self.corners[_CORNERS * line : _CORNERS * (line + 1)].tolist()
        return ((a, b), (c, d), (e, f), (g, h))


def pack(text: str, aligned: Aligned, corners: Sequence[float], places: Mapping[int, Sequence[int]]) -> bytes:
    written, form = text.encode(), aligned.form.encode()
    behind = [number for line, edges in places.items() for number in (line, len(edges), *edges)]
    arrays = (aligned.starts, aligned.shifts, np.array([*corners, *behind], np.float32))
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
    text = content[:written].decode()
    count = _CORNERS * (text.count("\n") + 1)
    places = _places(corners[count:].astype(int).tolist()) if len(corners) > count else {}
    return StoredPage(number, text, aligned, corners, places)


def _places(packed: Sequence[int]) -> dict[int, Sequence[int]]:
    found, at = {}, 0
    while at < len(packed):
        line, length = packed[at : at + 2]
        found[line] = packed[at + 2 : at + 2 + length]
        at += 2 + length
    return found
