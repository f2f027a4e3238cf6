"""The searchable rendition: PDF/A-2b (ISO 19005-2), each page its picture with the text read on it, invisible, in place.

Pages arrive one at a time and leave memory at once, into a file that has no name and ends with the process.
What was written is validated before it is handed out.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

import pikepdf
from pikepdf import AccessMode, Array, Dictionary, Name, Pdf, Stream

from services.kernel.boxes import is_column
from services.kernel.errors import IntegrityError, InvalidInput
from services.kernel.paper import Line, PageReading, Point
from services.ocr.glyphless import ASCENT, DESCENT, EM, FIRST_FULL, FULL, HALF, NAME, Alphabet, font_program, glyph_of_id
from services.ocr.jpeg import jpeg_header

_POINTS = 72.0
_LARGEST_PAGE, _SMALLEST_PAGE = 14_400.0, 3.0  # points (ISO 32000-1, annex C)
_INVISIBLE = 3  # text rendering mode (ISO 32000-1, table 106)
_HEAD = 2  # characters of a column that are written apart; one alone has no direction
_LEVEL = math.radians(10)  # a line that leans less than this against its page is as level as its page


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page picture (grey or colour JPEG of ``width`` × ``height`` pixels at ``dpi``) and what was read on it."""

    jpeg: bytes
    width: int
    height: int
    dpi: float
    reading: PageReading


def write_pdfa(pages: Iterable[PdfPage], out: BinaryIO, *, title: str) -> int:
    """Write ``pages`` to ``out`` (seekable, at its start) and return how many there were.

    Raises ``InvalidInput`` for no pages or a page that is not a JPEG, ``IntegrityError`` where the file that came of it is
    not valid PDF/A-2b; nothing is written then.
    """
    from pikepdf import pdfa  # a third of a second that a server, and a worker at its start, can do without

    alphabet = Alphabet()
    with tempfile.TemporaryFile() as file:
        count = _write_draft(pages, alphabet, file)
        if not count:
            raise InvalidInput("A PDF needs at least one page; read the document first.")
        # read, not mapped: a mapped file counts as this process's memory until the system wants it back
        with Pdf.open(file, access_mode=AccessMode.stream) as document:
            font = document.make_indirect(_font(document, alphabet))
            for page in document.pages:
                page.obj.Resources.Font = Dictionary(F0=font)
            _describe(document, title)
            try:
                pdfa.save(document, out, "2b")
            except pdfa.PdfaError as error:
                detail = f"The PDF written is not valid PDF/A-2b: {error}. Report this with the document."
                raise IntegrityError(detail) from error
    return count


def _write_draft(pages: Iterable[PdfPage], alphabet: Alphabet, file: BinaryIO) -> int:
    """The pages as a bare PDF, object by object. pikepdf would hold every picture in memory until it saves; from a file
    that it has opened it copies them one by one.
    """
    draft = _Draft(file)
    kids = [_add_page(draft, page, alphabet) for page in pages]
    draft.finish(kids)
    return len(kids)


class _Draft:
    """Numbered objects and their table (ISO 32000-1, 7.5); 1 is the catalogue, 2 the list of pages."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets = {1: 0, 2: 0}
        file.write(b"%PDF-1.7\n")

    def add(self, body: str, stream: bytes | None = None, *, number: int | None = None) -> int:
        number = number or len(self._offsets) + 1
        self._offsets[number] = self._file.tell()
        tail = b"" if stream is None else b"\nstream\n" + stream + b"\nendstream"
        self._file.write(f"{number} 0 obj\n{body}".encode("ascii") + tail + b"\nendobj\n")
        return number

    def finish(self, kids: list[int]) -> None:
        self.add("<< /Type /Catalog /Pages 2 0 R >>", number=1)
        places = " ".join(f"{kid} 0 R" for kid in kids)
        self.add(f"<< /Type /Pages /Count {len(kids)} /Kids [{places}] >>", number=2)
        start, size = self._file.tell(), len(self._offsets) + 1
        rows = "".join(f"{self._offsets[number]:010d} 00000 n \n" for number in range(1, size))
        table = f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer\n<< /Size {size} /Root 1 0 R >>\n"
        self._file.write(f"{table}startxref\n{start}\n%%EOF\n".encode("ascii"))
        self._file.seek(0)


def _add_page(draft: _Draft, page: PdfPage, alphabet: Alphabet) -> int:
    header = jpeg_header(page.jpeg)
    if header is None or header.components not in (1, 3):
        raise InvalidInput("A page picture must be a grey or colour JPEG; render the page again.")
    space = "/DeviceGray" if header.components == 1 else "/DeviceRGB"
    picture = draft.add(
        f"<< /Type /XObject /Subtype /Image /Width {header.width} /Height {header.height} /ColorSpace {space} "
        f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(page.jpeg)} >>",
        page.jpeg,
    )
    scale = _points_per_pixel(page)
    width, height = page.width * scale, page.height * scale
    content = _content(page.reading, alphabet, scale, width, height)
    contents = draft.add(f"<< /Length {len(content)} >>", content)
    return draft.add(
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.3f} {height:.3f}] "
        f"/Resources << /XObject << /Im0 {picture} 0 R >> >> /Contents {contents} 0 R >>"
    )


def _content(reading: PageReading, alphabet: Alphabet, scale: float, width: float, height: float) -> bytes:
    """Picture, then text. A leaning page's lines are written level, turned about the middle of the page: programs that copy
    text take leaning lines apart. At 3° a line's end lies 5 mm beside its picture; the boxes of the reading lie exactly.
    """
    lean = math.tan(math.radians(reading.skew))
    shown = []
    for line in reading.lines:
        corners = [(x * scale, height - (y - (x - reading.width / 2) * lean) * scale) for x, y in line.box]
        shown.append(_shown(line, corners, alphabet))
    text = ["BT", f"{_INVISIBLE} Tr", *shown, "ET"] if shown else []
    return "\n".join([f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Im0 Do Q", *text]).encode("ascii")


def _points_per_pixel(page: PdfPage) -> float:
    longest, shortest = max(page.width, page.height), min(page.width, page.height)
    return max(min(_POINTS / page.dpi, _LARGEST_PAGE / longest), _SMALLEST_PAGE / shortest)


def _shown(line: Line, corners: list[Point], alphabet: Alphabet) -> str:
    """A line stretched to its box, each character up to where the next begins, so that nothing between two of them looks like a
    space: as one string, or where it is not set evenly, as one a character."""
    if is_column(line.text, line.box):
        corners = [*corners[1:], corners[0]]  # the text runs down: its left is the column's top
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    width = max((math.hypot(x1 - x0, y1 - y0) + math.hypot(x2 - x3, y2 - y3)) / 2, 0.5)
    size = max((math.hypot(x0 - x3, y0 - y3) + math.hypot(x1 - x2, y1 - y2)) / 2, 0.5)
    angle = math.atan2(y1 - y0 + y2 - y3, x1 - x0 + x2 - x3)
    if abs(angle) < _LEVEL:
        angle, y3 = 0.0, (y2 + y3) / 2
    cosine, sine, rise = math.cos(angle), math.sin(angle), -DESCENT / EM * size
    begin, pieces = _pieces(line)
    x3, y3 = x3 + cosine * begin * width, y3 + sine * begin * width
    place = f"{cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f} {x3 - sine * rise:.3f} {y3 + cosine * rise:.3f} Tm"
    parts = [f"/F0 {size:.3f} Tf {place}"]
    for text, share in pieces:
        codes, advance = alphabet.encode(text)
        parts.append(f"{100 * width * share / (advance * size / EM):.3f} Tz <{codes.hex()}> Tj")
    return " ".join(parts)


def _pieces(line: Line) -> tuple[float, list[tuple[str, float]]]:
    """Where the line's first character begins, and its strings, each with its length; in shares of the line's length."""
    if is_column(line.text, line.box) and len(line.text) > 1:
        # PDFium puts strings that begin at one height from left to right; no two that follow each other do so
        count = min(_HEAD, len(line.text) - 1)
        head = count / len(line.text)
        return 0.0, [(line.text[:count], head), (line.text[count:], 1 - head)]
    edges = line.places
    if edges is None or len(edges) != 2 * len(line.text):
        return 0.0, [(line.text, 1.0)]
    starts = [*edges[::2], max(edges[-1], edges[-2] + 1)]
    lengths = (max(1, after - start) / 1000 for start, after in pairwise(starts))
    return edges[0] / 1000, list(zip(line.text, lengths, strict=True))


def _font(document: Pdf, alphabet: Alphabet) -> Dictionary:
    system = Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0)
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/" + NAME),
        Flags=4,  # symbolic: the ids are ours
        FontBBox=Array([0, DESCENT, EM, ASCENT]),
        ItalicAngle=0,
        Ascent=ASCENT,
        Descent=DESCENT,
        CapHeight=ASCENT,
        StemV=80,
        FontFile2=Stream(document, font_program()),
    )
    shown = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/" + NAME),
        CIDSystemInfo=system,
        FontDescriptor=document.make_indirect(descriptor),
        DW=HALF,
        W=Array([FIRST_FULL, alphabet.last_full, FULL]),  # no further: whoever reads it counts through it
        CIDToGIDMap=Stream(document, glyph_of_id()),
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/" + NAME),
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([document.make_indirect(shown)]),
        ToUnicode=Stream(document, alphabet.to_unicode()),
    )


def _describe(document: Pdf, title: str) -> None:
    document.Root.Lang = pikepdf.String("zh-CN")
    document.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = title
        metadata["xmp:CreatorTool"] = "Muniment"
