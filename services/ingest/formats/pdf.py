"""PDF by pdfium. Streams that inflate beyond measure are found first, by walking the objects with pikepdf (qpdf)."""

from __future__ import annotations

import contextlib
import io
import os
from typing import Any, BinaryIO

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from services.ingest.facts import ColourMode, MediaType
from services.ingest.formats.paper import VIEW_DPI, VIEW_LONG_SIDE, PageView, check_pixels, drafted, view_of
from services.ingest.limits import IntakeLimits
from services.kernel.errors import ParserRefused
from services.kernel.paper import Problem

_POINTS_PER_INCH = 72
_DRAWN_DPI = 300  # a page that is drawn, not scanned, counts as if scanned so
_TAIL = 2048
_SCAN_COVERS = 0.5  # of the page; a smaller picture is an illustration
_COLOURED = 24  # distance between a pixel's largest and smallest channel


class Pdf:
    """Owner passwords are no hindrance (they ask a viewer not to print), user passwords are."""

    media_type: MediaType = "application/pdf"

    def __init__(self, source: BinaryIO, limits: IntakeLimits) -> None:
        self.problems: list[Problem] = []
        self._limits = limits
        cut_off = _cut_off(source)
        self._document = _opened(source, cut_off=cut_off)
        self.pages = len(self._document)
        if self.pages < 1:
            raise _damaged(cut_off=cut_off)
        if cut_off:
            message = "The PDF ends too early; pages may be missing. Compare with the paper, and scan it again if so."
            self.problems.append(Problem("truncated", message))
        if attachments := self._document.count_attachments():
            message = f"The PDF carries {attachments} attached file(s), which were not read. Send them by themselves."
            self.problems.append(Problem("attachments", message))
        if self._document.get_formtype() in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND):
            message = "The PDF is a dynamic form that only its own program shows. Print it and scan the print."
            self.problems.append(Problem("dynamic_form", message))

    def view(self, number: int) -> PageView:
        try:
            page = self._document[number - 1]
        except pypdfium2.PdfiumError as error:
            raise ParserRefused("This page of the PDF is damaged. Scan it again.", code="page_unreadable") from error
        try:
            return self._view(page)
        except pypdfium2.PdfiumError as error:
            raise ParserRefused("This page of the PDF cannot be shown. Scan it again.", code="page_unreadable") from error
        finally:
            page.close()

    def _view(self, page: Any) -> PageView:
        width_pt, height_pt = page.get_size()
        pictures = list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4))
        for picture in pictures:
            across, down = picture.get_px_size()
            check_pixels(across, down, self._limits.page_pixels)
        scan = _scan(pictures, width_pt * height_pt)
        dpi = _dpi(scan) if scan is not None else None
        per_point = (dpi or _DRAWN_DPI) / _POINTS_PER_INCH
        width, height = round(width_pt * per_point), round(height_pt * per_point)
        check_pixels(width, height, self._limits.page_pixels)
        scale = min(VIEW_DPI / _POINTS_PER_INCH, VIEW_LONG_SIDE / max(width_pt, height_pt))
        mode = None if scan is None else _scanned_mode(scan)
        if scan is not None and (picture := _bare_jpeg(page, scan)) is not None:
            with contextlib.suppress(OSError, SyntaxError, ValueError):  # pdfium is more patient
                return view_of(drafted(picture, dpi), dpi, (width, height), mode)
        drawn = page.render(scale=scale, grayscale=scan is not None, rev_byteorder=True).to_numpy()
        grey = cv2.cvtColor(drawn[..., :3], cv2.COLOR_RGB2GRAY) if drawn.ndim == 3 and drawn.shape[2] > 1 else np.array(drawn)
        if pictures and int(grey.max()) - int(grey.min()) < 3:
            _refuse_broken(pictures)
        return PageView(grey, width, height, dpi, scale * _POINTS_PER_INCH, mode or _seen_mode(drawn))


def _opened(source: BinaryIO, *, cut_off: bool) -> Any:
    source.seek(0)
    try:
        document = pypdfium2.PdfDocument(source)
        document.init_forms()
        return document
    except pypdfium2.PdfiumError as error:
        raise _why_not(source, cut_off=cut_off) from error


def _why_not(source: BinaryIO, *, cut_off: bool) -> ParserRefused:
    """Ask qpdf, since pdfium's error code may be left over from an earlier file."""
    source.seek(0)
    try:
        with pikepdf.open(source) as document:
            no_pages = len(document.pages) == 0
    except pikepdf.PasswordError:
        return _locked()
    except pikepdf.PdfError as error:
        if "unsupported encryption" in str(error):
            return _locked()
        no_pages = "unable to find page tree" in str(error)
    if no_pages and not cut_off:
        return ParserRefused("The PDF holds no page. Export or scan it again.", code="no_pages")
    return _damaged(cut_off=cut_off)


def _locked() -> ParserRefused:
    detail = "The PDF is locked by a password. Remove it (print to a new PDF) and send it again."
    return ParserRefused(detail, code="encrypted")


def _damaged(*, cut_off: bool) -> ParserRefused:
    if cut_off:
        return ParserRefused("The PDF ends too early and no page is left. Send it again.", code="truncated")
    return ParserRefused("The PDF is damaged and shows no page. Export or scan it again.", code="corrupt")


def _cut_off(source: BinaryIO) -> bool:
    """ISO 32000-1, 7.5.5: the last line of a file is the marker %%EOF; some writers add a little behind it."""
    size = source.seek(0, os.SEEK_END)
    source.seek(max(0, size - _TAIL))
    return b"%%EOF" not in source.read()


def _scan(pictures: list[Any], page_area: float) -> Any | None:
    """The picture that covers the page, if one does."""
    largest, area = None, 0.0
    for picture in pictures:
        left, bottom, right, top = picture.get_bounds()
        covers = abs((right - left) * (top - bottom))
        if covers > area:
            largest, area = picture, covers
    return largest if area >= _SCAN_COVERS * page_area else None


def _dpi(scan: Any) -> int | None:
    left, bottom, right, top = scan.get_bounds()
    inches = max(right - left, top - bottom) / _POINTS_PER_INCH
    dpi = round(max(scan.get_px_size()) / inches)
    return dpi if 20 <= dpi <= 5000 else None


def _bare_jpeg(page: Any, scan: Any) -> Image.Image | None:
    """The JPEG that is all there is on the page, upright and filling it: decoding it small is faster than drawing."""
    if pdfium.FPDFPage_CountObjects(page) != 1 or pdfium.FPDFPage_GetAnnotCount(page) or page.get_rotation():
        return None
    if scan.get_filters() != ["DCTDecode"] or scan.get_metadata().bits_per_pixel not in (8, 24):
        return None
    across, turn, turn_back, up, left, bottom = scan.get_matrix().get()
    width, height = page.get_size()
    fills = abs(across / width - 1) < 0.02 and abs(up / height - 1) < 0.02 and max(abs(left), abs(bottom)) < 0.02 * width
    if turn or turn_back or not fills or tuple(page.get_cropbox())[:2] != (0, 0):
        return None
    try:
        picture = Image.open(io.BytesIO(scan.get_data()), formats=("JPEG",))
    except (OSError, SyntaxError, ValueError):
        return None
    return picture if picture.size == scan.get_px_size() else None


def _refuse_broken(pictures: list[Any]) -> None:
    """Pdfium leaves out a picture it cannot decode, so a page of one colour is doubted until its pictures decode."""
    for picture in pictures:
        try:
            picture.get_bitmap()
        except (pypdfium2.PdfiumError, ValueError) as error:
            detail = "The picture on this page is damaged. Scan the sheet again."
            raise ParserRefused(detail, code="page_unreadable") from error


def _scanned_mode(scan: Any) -> ColourMode:
    metadata = scan.get_metadata()
    if metadata.bits_per_pixel == 1:
        return "bitonal"
    return "grey" if metadata.bits_per_pixel == 8 else "colour"


def _seen_mode(colours: np.ndarray[Any, np.dtype[np.uint8]]) -> ColourMode:
    if colours.ndim < 3:
        return "grey"
    distance = colours.max(axis=2).astype(np.int16) - colours.min(axis=2)
    return "colour" if bool((distance > _COLOURED).any()) else "grey"
