"""Marking pictures and PDFs. Runs in the sandbox's child: the picture of a page may be the very file that somebody sent in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, BinaryIO

import cv2
import numpy as np

from services.access.marking import texture
from services.access.marking.covering import Box, Covers, covered, pictures_only
from services.access.marking.detect import find
from services.access.marking.texture import Pixels
from services.kernel.errors import ParserRefused

QUALITY = 85
Strip = tuple[bytes, int, int]
"""Its pixels, width and height."""
Parsed = tuple[dict[str, Any], Sequence[bytes | memoryview]]

cv2.setNumThreads(1)


def mark_picture(source: BinaryIO, *, strip: tuple[int, int], number: int | None, covers: Covers | None = None) -> Parsed:
    """A JPEG with the marks burnt in. ``source`` is the strip's pixels (``strip``: its width and height; 0 for none) and behind
    them the JPEG; ``number`` None leaves the texture out; ``covers`` has the boxes to be
    blackened first."""
    words, content = _parts(source, strip)
    return {}, [_marked(content, words, number, covers[0] if covers else ())]


def mark_pdf(source: BinaryIO, *, strip: tuple[int, int], number: int | None, covers: Covers | None = None) -> Parsed:
    """The PDF with each page's picture marked; the words beneath it stay, unless something is covered: then pictures are all
    there is."""
    import pikepdf

    words, content = _parts(source, strip)
    if covers is not None:
        return {}, [pictures_only(content, covers, lambda jpeg, boxes: _marked(jpeg, words, number, boxes))]
    with pikepdf.open(io.BytesIO(content)) as document:
        for page in document.pages:
            for image in page.get_images().values():
                if image.get("/Filter") != "/DCTDecode":
                    raise ParserRefused("A page of this PDF has a picture that cannot be marked.", code="unmarkable")
                jpeg = _marked(image.read_raw_bytes(), words, number)
                image.write(jpeg, filter=pikepdf.Name.DCTDecode)
        target = io.BytesIO()
        document.save(target)
    return {}, [target.getbuffer()]


def find_mark(source: BinaryIO) -> Parsed:
    """The number in a picture of a page, and how clearly it stands there."""
    grey = _decoded(source.read(), cv2.IMREAD_GRAYSCALE)
    found = find(grey)
    if found is None:
        raise ParserRefused("There is no mark in this picture, or too little of the page is left.", code="no_mark")
    return {"number": found.number, "clarity": found.clarity, "turn": found.turn, "size": found.size}, []


def _parts(source: BinaryIO, shape: tuple[int, int]) -> tuple[Strip, bytes]:
    width, height = shape
    return (source.read(width * height), width, height), source.read()


def _marked(jpeg: bytes, strip: Strip, number: int | None, boxes: Sequence[Box] = ()) -> bytes:
    picture = covered(_decoded(jpeg, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION), boxes)
    height, width = picture.shape[:2]
    marked = texture.darkened(picture, _darkening(strip, number, width, height))
    done, data = cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ParserRefused("The page's picture cannot be marked.", code="unmarkable")
    return bytes(data)


@lru_cache(maxsize=4)
def _darkening(strip: Strip, number: int | None, width: int, height: int) -> Pixels:
    """The same for all pages of one size that one person sees within a minute."""
    by: Pixels = np.zeros((height, width), np.uint8) if number is None else texture.texture(number, width, height)
    pixels, across, down = strip
    if pixels:
        by = cv2.add(by, texture.words(np.frombuffer(pixels, np.uint8).reshape(down, across), width, height))
    return by


def _decoded(data: bytes, flags: int) -> Pixels:
    decoded: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if decoded is None:
        raise ParserRefused("The page's picture cannot be read. Look at its batch.", code="unreadable")
    return decoded
