"""An invisible font: two bars, half and full width, that stand for any character a page may hold.

A PDF's text layer needs widths for selecting and code points for copying, but no letters: the picture shows those. They are no
empty glyphs, since PDFium takes a text without extent, such as one of a single empty glyph, for nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from itertools import islice

NAME = "MunimentGlyphless"
EM, HALF, FULL = 1000, 500, 1000
ASCENT, DESCENT = 880, -120
FIRST_FULL = 0x8000
"""Character ids below it are half wide, from it on full wide."""

_HALF_GLYPH, _FULL_GLYPH = 1, 2  # 0 is .notdef, which PDF/A forbids to show (ISO 19005-2, 6.2.11.8)
_BUILT = 3_849_984_000  # 2026-01-01 in seconds since 1904, the epoch of OpenType: any date, but always the same
_BAR = 300  # thickness, in thousandths of an em: of thinner ones PDFium makes no columns
_MOST_IN_BLOCK = 100  # entries of one bfchar block (Adobe Technical Note 5014)


class Alphabet:
    """The characters of one document, numbered as they come; also those beyond the BMP, as rare names have."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._next = {HALF: 1, FULL: FIRST_FULL}

    def encode(self, text: str) -> tuple[bytes, int]:
        """Two bytes a character for the PDF's string, and the text's width in thousandths of its size."""
        codes, width = bytearray(), 0
        for character in text:
            wide = FULL if unicodedata.east_asian_width(character) in "WF" else HALF
            code = self._ids.get(character)
            if code is None:
                code = self._ids[character] = self._next[wide]
                self._next[wide] += 1
            codes += code.to_bytes(2, "big")
            width += wide
        return bytes(codes), width

    @property
    def last_full(self) -> int:
        """The highest id of a full-wide character, or the first there may be."""
        return max(self._next[FULL] - 1, FIRST_FULL)

    def to_unicode(self) -> bytes:
        """The CMap from character ids back to text (ISO 32000-1, 9.10.3)."""
        entries = (f"<{code:04x}> <{character.encode('utf-16-be').hex()}>" for character, code in self._ids.items())
        blocks = (f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in _blocks(entries))
        return "\n".join((_CMAP_HEAD, *blocks, _CMAP_TAIL)).encode("ascii")


@cache
def font_program() -> bytes:
    """The TrueType file, built from nothing in a few milliseconds and always the same."""
    from fontTools.fontBuilder import FontBuilder  # slow to load; see pdfa
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    widths = {".notdef": (HALF, 0), "half": (HALF, 0), "full": (FULL, 0)}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(list(widths))
    builder.setupCharacterMap({})
    glyphs = {}
    for name, (width, _) in widths.items():
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        for corner in ((0, _BAR), (width, _BAR), (width, 0)):
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(widths)
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": NAME, "styleName": "Regular", "psName": NAME})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, usWinAscent=ASCENT, usWinDescent=-DESCENT)
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = _BUILT
    builder.font.recalcTimestamp = False
    out = BytesIO()
    builder.save(out)
    return out.getvalue()


def glyph_of_id() -> bytes:
    """The CIDToGIDMap: which of the two glyphs each of the 65,536 ids shows."""
    half, full = _HALF_GLYPH.to_bytes(2, "big"), _FULL_GLYPH.to_bytes(2, "big")
    return half * FIRST_FULL + full * (0x10000 - FIRST_FULL)


def _blocks(entries: Iterable[str]) -> Iterator[list[str]]:
    entries = iter(entries)
    while block := list(islice(entries, _MOST_IN_BLOCK)):
        yield block


_CMAP_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange"""

_CMAP_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
