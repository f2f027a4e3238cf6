"""Pages out of picture files, by Pillow: TIFF (also 1-bit G4 faxes), JPEG, PNG, HEIC, WebP. Runs in the sandbox's child."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from services.kernel.errors import ParserRefused
from services.ocr import pixels as px
from services.ocr.jpeg import jpeg_header
from services.ocr.pixels import Pixels
from services.ocr.raster import Raster, no_such_page, plausible_dpi, serves_as_picture, too_many_pixels

FORMATS = {
    "image/tiff": ("TIFF",),
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/heic": ("HEIF",),
    "image/webp": ("WEBP",),
}
_ORIENTATION = 0x0112
_DRAWING = 40_000_000  # pixels: A3 at 400 dpi is less
_TOO_FINE = 1.2  # less is not worth the work of reducing
_FINEST_PICTURE_DPI = 320  # a finer JPEG is a master, too heavy to be a page picture


def page_image(source: BinaryIO, media_type: str, page: int, dpi: int, least_dpi: int, max_pixels: int) -> Raster:
    """See :func:`services.ocr.raster.page_image`."""
    with _opened(source, media_type, max_pixels) as image:
        _turn_to(image, page)
        _refuse_bombs(image, max_pixels)
        declared = _declared_dpi(image)
        if media_type == "image/jpeg" and image.getexif().get(_ORIENTATION, 1) == 1:
            source.seek(0)
            raster = jpeg_raster(source.read(), declared[0], dpi, least_dpi)
            if raster is not None:
                return raster
        size = image.size
        ImageOps.exif_transpose(image, in_place=True)
        if image.size != size:
            declared = (declared[1], declared[0])
        pixels = _plain(image, _less(image, max(declared), dpi))
        factor = max(pixels.shape[:2]) / max(size)
        return _raster(_square(pixels, declared), max(declared) * factor, dpi)


def count_pages(source: BinaryIO, media_type: str, max_pixels: int) -> int:
    """TIFF directories; every other format is one page, whatever animation it holds."""
    with _opened(source, media_type, max_pixels) as image:
        return int(getattr(image, "n_frames", 1)) if media_type == "image/tiff" else 1


def jpeg_raster(data: bytes, declared_dpi: float, dpi: int, least_dpi: int) -> Raster | None:
    """A grey or colour JPEG, decoded no finer than reading needs, but down to ``least_dpi`` where the codec halves
    it; ``None`` where Pillow has to look at it (CMYK, 12 bit).

    Raises ``ParserRefused`` code ``truncated``: the codec would fill what is missing with grey and say nothing.
    """
    header = jpeg_header(data)
    if header is None or header.components == 4:
        return None
    if not header.complete:
        raise ParserRefused("The picture breaks off in the middle. Scan or upload it again.", code="truncated")
    true_dpi = plausible_dpi(declared_dpi, header.width, header.height)
    reduce = next((step for step in (8, 4, 2) if true_dpi / step >= least_dpi), 1)
    decoded = px.decode_jpeg(data, grey=header.components == 1, reduce=reduce)
    if decoded is None:
        return None
    raster = _raster(decoded, true_dpi, dpi, reduced=reduce)
    height, width = raster.pixels.shape[:2]
    keep = true_dpi <= _FINEST_PICTURE_DPI and serves_as_picture(data, width, height)
    return replace(raster, jpeg=data) if keep else raster


def _raster(pixels: Pixels, declared_dpi: float, dpi: int, *, reduced: int = 1) -> Raster:
    """Reduced to what reading needs; decoding may have ``reduced`` the stored picture already."""
    height, width = pixels.shape[:2]
    here = plausible_dpi(declared_dpi, width * reduced, height * reduced) / reduced
    stored = here * reduced
    if here > _TOO_FINE * dpi:
        return Raster(px.scaled(pixels, dpi / here), float(dpi), stored_dpi=stored)
    return Raster(pixels, here, stored_dpi=stored)


@contextmanager
def _opened(source: BinaryIO, media_type: str, max_pixels: int) -> Iterator[Image.Image]:
    """Pillow on one format only, with our bound in place of its own, and its many exceptions told as ours."""
    if media_type == "image/heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    pillow_bound, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            source.seek(0)
            with Image.open(source, formats=FORMATS[media_type]) as image:
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ParserRefused(
            f"The picture has more than the {max_pixels} pixels that are read. Scan it again at a lower resolution.",
            code="too_many_pixels",
        ) from error
    except UnidentifiedImageError as error:
        raise ParserRefused(
            "The file is not the picture that its first bytes promise. Scan or export it again.", code="unreadable"
        ) from error
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, IndexError, EOFError, MemoryError) as error:
        truncated = "truncated" in str(error) or "not enough" in str(error) or isinstance(error, EOFError)
        raise ParserRefused(
            "The picture breaks off or is damaged. Scan or upload it again.",
            code="truncated" if truncated else "unreadable",
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = pillow_bound


def _turn_to(image: Image.Image, page: int) -> None:
    """Straight to the page: counting the pages would set up each of them, and lose the good ones with a bad one."""
    if image.format != "TIFF" and page != 1:
        raise no_such_page(page, 1)
    try:
        image.seek(page - 1)
    except EOFError:
        raise no_such_page(page, int(getattr(image, "n_frames", 1))) from None


def _refuse_bombs(image: Image.Image, max_pixels: int) -> None:
    """Pillow checks the first page only, and not every opener."""
    if image.width * image.height > max_pixels:
        raise too_many_pixels(image.width, image.height, max_pixels)


def _declared_dpi(image: Image.Image) -> tuple[float, float]:
    try:
        across, down = (float(value) for value in image.info.get("dpi", (0, 0)))
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0, 0.0
    return (across, down) if across > 0 and down > 0 else (0.0, 0.0)


def _less(image: Image.Image, declared_dpi: float, dpi: int) -> tuple[int, int] | None:
    """The size to which a drawing of tens of megapixels is reduced while Pillow holds it: its copies would fill the sandbox."""
    factor = dpi / plausible_dpi(declared_dpi, *image.size)
    if image.width * image.height < _DRAWING or factor > 1 / _TOO_FINE:
        return None
    return round(image.width * factor), round(image.height * factor)


def _plain(image: Image.Image, size: tuple[int, int] | None = None) -> Pixels:
    """Grey or RGB, reduced to ``size``; what is transparent is paper."""
    if size is not None and image.mode in ("1", "L", "RGB"):
        return np.asarray((image.convert("L") if image.mode == "1" else image).resize(size, Image.Resampling.BILINEAR))
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        wide = np.asarray(image).astype(np.uint32)
        return (wide >> 8 if wide.max(initial=0) > 255 else wide).astype(np.uint8)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return np.asarray(Image.alpha_composite(paper, layer).convert("RGB"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _square(pixels: Pixels, declared: tuple[float, float]) -> Pixels:
    """A fax of standard resolution has 204 × 98 dpi: stretched to square pixels of the finer side (ITU-T T.4)."""
    across, down = declared
    if min(across, down) <= 0 or max(across, down) / min(across, down) < 1.1:
        return pixels
    finest = max(across, down)
    height, width = pixels.shape[:2]
    return px.resized(pixels, round(width * finest / across), round(height * finest / down))
