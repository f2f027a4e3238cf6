"""Reading as one thing: pixels out of the sandbox, an engine, a page. Engines are loaded at the first page and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from services.kernel.paper import PageReading
from services.kernel.sandbox import Sandbox
from services.kernel.timing import step
from services.ocr.engines import Engine, Orientation, load_engine, load_orientation
from services.ocr.page import picture_dpi, read_page
from services.ocr.pdfa import PdfPage
from services.ocr.raster import LEAST_READING_DPI, READING_DPI, Raster

RASTERISE = "services.ocr.raster:rasterise"


@dataclass(frozen=True, slots=True)
class PageCopy:
    """A page as read, with the JPEG of the upright page; ``dpi`` is the picture's."""

    reading: PageReading
    jpeg: bytes
    dpi: float

    def for_pdf(self) -> PdfPage:
        return PdfPage(self.jpeg, self.reading.width, self.reading.height, self.dpi, self.reading)


class Reader:
    """Reads pages of masters with one engine."""

    def __init__(self, sandbox: Sandbox, engine_name: str, *, max_pixels: int) -> None:
        self._sandbox, self._engine_name, self._max_pixels = sandbox, engine_name, max_pixels

    @cached_property
    def engine(self) -> Engine:
        return load_engine(self._engine_name)

    @cached_property
    def _turns(self) -> Orientation:
        return load_orientation()

    def read(self, source: BinaryIO, *, media_type: str, file_page: int, number: int) -> PageCopy:
        """Reads page ``file_page`` of ``source`` as page ``number`` of its document. Raises ``ParserRefused`` when the page
        cannot be drawn."""
        with step("draw"):
            raster = self.draw(source, media_type=media_type, file_page=file_page)
        reading, jpeg = read_page(raster, number, self.engine, self._turns)
        return PageCopy(reading, jpeg, picture_dpi(raster, reading))

    def draw(self, source: BinaryIO, *, media_type: str, file_page: int) -> Raster:
        wanted = {"dpi": READING_DPI, "least_dpi": LEAST_READING_DPI}
        answer = self._sandbox.call(RASTERISE, source, media_type=media_type, page=file_page, **wanted)
        return Raster.from_answer(answer.facts, answer.blobs, max_pixels=self._max_pixels)
