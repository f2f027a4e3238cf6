"""Pages out of PDFs: the scanner's own JPEG where the page is nothing else, else rendered by PDFium, else by poppler.

Runs in the sandbox's child. A scan that is taken out whole is not decoded twice and loses nothing.
"""

from __future__ import annotations

import math
from contextlib import closing
from typing import Any, BinaryIO

import numpy as np
import pikepdf
import pypdfium2 as pdfium

from services.kernel.errors import ParserRefused
from services.ocr.images import jpeg_raster
from services.ocr.pixels import Pixels
from services.ocr.raster import MAX_DPI, Raster, no_such_page, plausible_dpi, too_many_pixels

_PLACING = frozenset({"q", "Q", "cm", "Do"})
_LONGEST_PLACING = 4096  # bytes; a page that only places a picture says so in a hundred
_POPPLER_SECONDS = 120


def page_image(source: BinaryIO, page: int, dpi: int, least_dpi: int, max_pixels: int) -> Raster:
    """See :func:`services.ocr.raster.page_image`."""
    embedded = _embedded_jpeg(source, page, dpi, least_dpi, max_pixels)
    if embedded is not None:
        return embedded
    try:
        return _by_pdfium(source, page, dpi, max_pixels)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise _encrypted() from error
        return _by_poppler(source, page, dpi, error)


def count_pages(source: BinaryIO) -> int:
    """Raises ``ParserRefused`` code ``encrypted`` or ``unreadable``."""
    source.seek(0)
    try:
        with closing(pdfium.PdfDocument(source)) as document:
            return len(document)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise _encrypted() from error
        raise _unreadable() from error


def _embedded_jpeg(source: BinaryIO, page: int, dpi: int, least_dpi: int, max_pixels: int) -> Raster | None:
    source.seek(0)
    try:
        with pikepdf.open(source) as document:
            if not 1 <= page <= len(document.pages):
                raise no_such_page(page, len(document.pages))
            sheet = document.pages[page - 1]
            image = _only_image(sheet)
            if image is None:
                return None
            width, height = int(image.Width), int(image.Height)
            if width * height > max_pixels:
                raise too_many_pixels(width, height, max_pixels)
            left, _, right, _ = (float(edge) for edge in sheet.mediabox)
            return jpeg_raster(image.read_raw_bytes(), width * 72 / (right - left), dpi, least_dpi)
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except (pikepdf.PdfError, ValueError, TypeError, AttributeError, KeyError, ArithmeticError):
        return None  # PDFium is more forgiving; what it cannot open either is refused there


def _only_image(sheet: pikepdf.Page) -> Any | None:
    """The one plain JPEG that covers the whole page upright, or ``None``."""
    if int(sheet.obj.get("/Rotate", 0)) % 360 or "/Annots" in sheet.obj or float(sheet.obj.get("/UserUnit", 1)) != 1:
        return None
    placed = _placed_image(sheet)
    if placed is None:
        return None
    name, matrix = placed
    image = sheet.obj.Resources.XObject[name]
    left, bottom, right, top = (float(edge) for edge in sheet.cropbox)
    covers = (right - left, 0.0, 0.0, top - bottom, left, bottom)
    slack = 0.02 * max(right - left, top - bottom)
    if any(abs(found - wanted) > slack for found, wanted in zip(matrix, covers, strict=True)):
        return None
    plain = image.Subtype == "/Image" and image.get("/Filter") in ("/DCTDecode", pikepdf.Array([pikepdf.Name.DCTDecode]))
    return image if plain and not any(key in image for key in ("/SMask", "/Mask", "/Decode", "/ImageMask")) else None


def _placed_image(sheet: pikepdf.Page) -> tuple[str, tuple[float, ...]] | None:
    """Name and matrix of the one picture that the page's content places, if it does nothing else."""
    contents = sheet.obj.get("/Contents")
    parts = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    if any(part is None or int(part.Length) > _LONGEST_PLACING for part in parts):
        return None
    matrix, kept, placed = pikepdf.Matrix(), [], []
    for instruction in pikepdf.parse_content_stream(sheet):
        name, operands = str(instruction.operator), instruction.operands
        if name not in _PLACING:
            return None
        if name == "q":
            kept.append(matrix)
        elif name == "Q":
            matrix = kept.pop() if kept else pikepdf.Matrix()
        elif name == "cm":
            matrix = pikepdf.Matrix(*(float(value) for value in operands)) @ matrix
        else:
            placed.append((str(operands[0]), matrix.shorthand))
    return placed[0] if len(placed) == 1 else None


def _by_pdfium(source: BinaryIO, page: int, dpi: int, max_pixels: int) -> Raster:
    source.seek(0)
    with closing(pdfium.PdfDocument(source)) as document:
        if not 1 <= page <= len(document):
            raise no_such_page(page, len(document))
        sheet = document[page - 1]
        width, height = sheet.get_size()
        natural = _natural_dpi(sheet, width, height)
        drawn_dpi = min(float(dpi), natural) if natural else float(dpi)
        size = math.ceil(width * drawn_dpi / 72) * math.ceil(height * drawn_dpi / 72)
        if size > max_pixels:
            raise too_many_pixels(round(width * drawn_dpi / 72), round(height * drawn_dpi / 72), max_pixels)
        drawn = _drawn(sheet, drawn_dpi / 72)
        finer = min(natural, MAX_DPI) if natural > drawn_dpi else None
        return Raster(drawn, plausible_dpi(drawn_dpi, drawn.shape[1], drawn.shape[0]), stored_dpi=finer)


def _drawn(sheet: Any, scale: float) -> Pixels:
    """In grey where the page is nothing but a grey or 1-bit picture, which takes half the time."""
    if _is_grey(sheet):
        return np.array(sheet.render(scale=scale, grayscale=True).to_numpy())
    return np.array(sheet.render(scale=scale, rev_byteorder=True, prefer_bgrx=False).to_numpy()[..., :3])


def _is_grey(sheet: Any) -> bool:
    """A stencil, which may be painted in any colour, is not."""
    items = list(sheet.get_objects(max_depth=1))
    if len(items) != 1 or items[0].type != pdfium.raw.FPDF_PAGEOBJ_IMAGE or pdfium.raw.FPDFPage_GetAnnotCount(sheet):
        return False
    return bool(items[0].get_metadata().colorspace == pdfium.raw.FPDF_COLORSPACE_DEVICEGRAY)


def _natural_dpi(sheet: Any, width: float, height: float) -> float:
    """Resolution of the picture that covers the page, 0 where none does: drawing finer would only blow it up."""
    for item in sheet.get_objects(filter=(pdfium.raw.FPDF_PAGEOBJ_IMAGE,), max_depth=2):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) >= 0.9 * width * height:
            pixels_across, pixels_down = item.get_px_size()
            return float(max(pixels_across, pixels_down) * 72 / max(width, height))
    return 0.0


def _by_poppler(source: BinaryIO, page: int, dpi: int, cause: Exception) -> Raster:
    from pdf2image import convert_from_bytes
    from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError

    source.seek(0)
    try:
        drawn = convert_from_bytes(source.read(), dpi=dpi, first_page=page, last_page=page, timeout=_POPPLER_SECONDS)
    except (PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError, OSError) as error:
        raise _unreadable() from error
    if not drawn:
        raise _unreadable() from cause
    return Raster(np.asarray(drawn[0].convert("RGB")), float(dpi))


def _encrypted() -> ParserRefused:
    return ParserRefused("The PDF is locked with a password. Save it without one and upload it again.", code="encrypted")


def _unreadable() -> ParserRefused:
    return ParserRefused("The PDF is damaged beyond what two readers can repair. Scan or export it again.", code="unreadable")
