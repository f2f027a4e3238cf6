"""What Muniment makes of files, not timed: pages, documents, fields, and the text that a person copies from its PDF/A."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from pathlib import Path

import pypdfium2

from services.cli.bench.crew import ONE_THREAD
from services.cli.common import settings_for
from services.ingest.inspector import Inspector
from services.kernel.paper import DocumentReading, PageReading
from services.ocr import boundaries
from services.ocr.documents import read_document
from services.ocr.pdfa import write_pdfa
from services.ocr.service import PageCopy, Reader
from services.work import readers


@dataclass(frozen=True, slots=True)
class Made:
    """One file's ``pages`` in order, its ``documents`` as Muniment itself parted them, and by page what is ``copied`` out of
    the PDF/A."""

    file: str
    pages: tuple[PageReading, ...]
    documents: tuple[DocumentReading, ...]
    copied: dict[int, str]


def made_of(files: Sequence[Path], engine: str = "auto") -> list[Made]:
    """In as many processes as there are cores."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(partial(_made, engine=engine), files, chunksize=1)


@cache
def _readers(engine: str) -> tuple[Inspector, Reader]:
    return readers(settings_for(), engine)


def _made(file: Path, engine: str) -> Made:
    inspector, reader = _readers(engine)
    copies: list[PageCopy] = []
    with file.open("rb") as source:
        inspection, facts = inspector.examine(source)
        for page in facts:
            read = partial(reader.read, source, media_type=inspection.media_type)
            copies.append(read(file_page=page.number, number=page.number))
    pages = tuple(copy.reading for copy in copies)
    documents = tuple(read_document(part) for part in boundaries.documents(pages))
    pdf = BytesIO()
    write_pdfa((copy.for_pdf() for copy in copies), pdf, title=file.name)
    return Made(file.name, pages, documents, dict(enumerate(texts_of(pdf.getvalue()), 1)))


def texts_of(pdf: bytes | Path) -> list[str]:
    """By page, what PDFium gives for the whole page, as a viewer does for select all and copy."""
    document = pypdfium2.PdfDocument(pdf)
    return [document[number].get_textpage().get_text_range().replace("\r\n", "\n") for number in range(len(document))]
