"""Inspection of a file by its content. These two functions run in the sandbox's child, on foreign bytes, and answer
facts that ``services.ingest.facts`` checks on the other side.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from services.ingest.facts import MediaType
from services.ingest.formats.paper import Paper
from services.ingest.limits import IntakeLimits
from services.ingest.look import is_blank, perceptual_hash, separator_of
from services.ingest.sniffing import media_type_of
from services.kernel.errors import ParserRefused
from services.kernel.paper import Problem

Facts = tuple[dict[str, Any], list[bytes]]


def inspect(source: BinaryIO, *, limits: dict[str, int]) -> Facts:
    """Facts of ``Inspection``. Raises ParserRefused for a file that is of no use; the code says why, the detail what to do."""
    bounds = IntakeLimits(**limits)
    _check_size(source, bounds)
    paper = _opened(source, media_type_of(source), bounds)
    if paper.pages > bounds.pages:
        detail = f"The file has more than {bounds.pages} pages. Split it and send the parts."
        raise ParserRefused(detail, code="too_many_pages")
    if paper.media_type == "application/pdf":
        from services.ingest.formats.inflation import refuse_bombs

        refuse_bombs(source, bounds.inflated)
    problems = [problem.to_json() for problem in paper.problems]
    return {"media_type": paper.media_type, "pages": paper.pages, "problems": problems}, []


def inspect_pages(source: BinaryIO, *, media_type: MediaType, first: int, last: int, limits: dict[str, int]) -> Facts:
    """Facts of ``PageFacts`` for the pages ``first`` to ``last`` (from 1, both included), in their order. A page that
    cannot be shown becomes a problem, not an error.
    """
    paper = _opened(source, media_type, IntakeLimits(**limits))
    return {"pages": [_page(paper, number) for number in range(first, min(last, paper.pages) + 1)]}, []


def _check_size(source: BinaryIO, limits: IntakeLimits) -> None:
    if source.seek(0, os.SEEK_END) > limits.size:
        detail = f"The file is larger than {limits.size / 2**30:.1f} GiB. Split it and send the parts."
        raise ParserRefused(detail, code="too_many_bytes")


def _opened(source: BinaryIO, media_type: MediaType, limits: IntakeLimits) -> Paper:
    """The reader of one format; the libraries of the others are not loaded."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound is below an A0 drawing; check_pixels stands in for it
    if media_type == "application/pdf":
        from services.ingest.formats.pdf import Pdf

        return Pdf(source, limits)
    if media_type == "image/tiff":
        from services.ingest.formats.tiff import Tiff

        return Tiff(source, limits)
    from services.ingest.formats.picture import HeifPicture, Picture

    return HeifPicture(source, limits) if media_type == "image/heic" else Picture(source, media_type, limits)


def _page(paper: Paper, number: int) -> dict[str, Any]:
    try:
        view = paper.view(number)
    except ParserRefused as refusal:
        return {"number": number, "problem": Problem(refusal.code, refusal.detail, number).to_json()}
    separator, cover = separator_of(view.grey, view.view_dpi)
    blank = separator is None and is_blank(view.grey, view.view_dpi)
    return {
        "number": number,
        "width_px": view.width_px,
        "height_px": view.height_px,
        "dpi": view.dpi,
        "colour_mode": view.colour_mode,
        "blank": blank,
        "separator": separator,
        "cover": cover,
        "phash": None if blank else perceptual_hash(view.grey),
    }
