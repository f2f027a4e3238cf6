"""Personal data taken out of pictures and PDFs, for readers whose grant leaves it masked. Runs in the sandbox's child.

A box is blackened with a margin about it, for a box is as exact as its reading. A PDF is written anew from its pictures: what
was read, and all else that a file may carry beside its pages, is left behind.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from services.access.marking.texture import Pixels
from services.kernel.errors import ParserRefused

Box = Sequence[Sequence[float]]
Covers = Sequence[Sequence[Box]]
"""The boxes of each page, in order."""
MARGIN = 0.25
"""Of a box's height, on each side."""


def covered(picture: Pixels, boxes: Sequence[Box]) -> Pixels:
    """The picture with these boxes black."""
    if not boxes:
        return picture
    done = picture.copy()
    for box in boxes:
        corners = np.array(box, np.float32)
        margin = MARGIN * float(min(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[1] - corners[0])))
        low, high = np.floor(corners.min(axis=0) - margin), np.ceil(corners.max(axis=0) + margin)
        (left, top), (right, bottom) = low.astype(int).tolist(), high.astype(int).tolist()
        cv2.rectangle(done, (left, top), (right, bottom), (0, 0, 0), thickness=cv2.FILLED)
    return done


def pictures_only(content: bytes, covers: Covers, marked: Callable[[bytes, Sequence[Box]], bytes]) -> memoryview:
    """A PDF of the pages' pictures, each as ``marked`` gives it with its boxes, and nothing else."""
    import pikepdf

    with pikepdf.open(io.BytesIO(content)) as source, pikepdf.new() as target:
        if len(source.pages) != len(covers):
            raise ParserRefused("The pages of this PDF are not those that were read.", code="unmarkable")
        for page, boxes in zip(source.pages, covers, strict=True):
            (image,) = page.get_images().values()
            if image.get("/Filter") != "/DCTDecode":
                raise ParserRefused("A page of this PDF has a picture that cannot be marked.", code="unmarkable")
            left, bottom, right, top = (float(edge) for edge in page.mediabox)
            made = target.add_blank_page(page_size=(right - left, top - bottom))
            picture = pikepdf.Stream(target, marked(image.read_raw_bytes(), boxes))
            picture.stream_dict = pikepdf.Dictionary(
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                Width=image.Width,
                Height=image.Height,
                ColorSpace=pikepdf.Name(str(image.ColorSpace)),
                BitsPerComponent=8,
                Filter=pikepdf.Name.DCTDecode,
            )
            made.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Page=picture))
            made.Contents = target.make_stream(f"q {right - left} 0 0 {top - bottom} 0 0 cm /Page Do Q".encode())
        written = io.BytesIO()
        target.save(written)
    return written.getbuffer()
