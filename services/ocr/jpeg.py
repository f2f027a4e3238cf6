"""What a JPEG says about itself, read from its markers without decoding a pixel (ITU-T T.81, annex B)."""

from __future__ import annotations

from dataclasses import dataclass

_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what a PDF's DCTDecode takes (ISO 32000-1, 7.4.8)
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_SOS, _EOI = 0xDA, 0xD9


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """``components`` is 1 for grey, 3 for colour, 4 for CMYK; ``complete`` tells that the end marker is there."""

    width: int
    height: int
    components: int
    complete: bool


def jpeg_header(data: bytes) -> JpegHeader | None:
    """The header of an 8-bit Huffman JPEG, or ``None`` where the data is something else or too damaged to say."""
    if data[:2] != b"\xff\xd8":
        return None
    position, size = 2, None
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF or marker in _BARE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker == _SOS:
            return JpegHeader(*size, complete=data.rfind(b"\xff\xd9") > position) if size else None
        if marker in _OTHER_FRAMES or marker == _EOI:
            return None
        if marker in _FRAMES:
            size = _frame(data[position + 4 : position + 10])
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None


def _frame(segment: bytes) -> tuple[int, int, int] | None:
    if len(segment) < 6 or segment[0] != 8:
        return None
    height, width = int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big")
    return (width, height, segment[5]) if width and height and segment[5] in (1, 3, 4) else None
