"""The few OpenCV calls that reading needs, typed and in one place.

``Pixels`` are uint8, either H×W grey or H×W×3 in RGB order. Nothing here draws on what it is given.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

JPEG_QUALITY = 85
_DARKER = 60  # levels below the paper: ink
_REDUCED = {
    1: cv2.IMREAD_UNCHANGED,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def one_thread() -> None:
    """One process reads one page on one core; the workers are what runs side by side."""
    cv2.setNumThreads(1)


def decode_jpeg(data: bytes, *, grey: bool = False, reduce: int = 1) -> Pixels | None:
    """Decode at 1/``reduce`` (1, 2, 4, 8) of the size, which the codec does for next to nothing; EXIF is not applied.

    Returns ``None`` where the codec cannot read the data.
    """
    raw = np.frombuffer(data, np.uint8)
    if grey:
        flag = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4}
        decoded = cv2.imdecode(raw, flag.get(reduce, cv2.IMREAD_REDUCED_GRAYSCALE_8) | cv2.IMREAD_IGNORE_ORIENTATION)
    else:
        # asked for RGB outright, the codec writes it; turned over afterwards a page costs a third more
        flags = cv2.IMREAD_COLOR_RGB if reduce == 1 else _REDUCED[reduce]
        decoded = cv2.imdecode(raw, flags | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is not None and reduce > 1:
            decoded = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    pixels: Pixels | None = decoded
    return pixels


def encode_jpeg(pixels: Pixels, quality: int = JPEG_QUALITY) -> bytes:
    """A baseline JPEG: grey stays one component, RGB becomes YCbCr 4:2:0."""
    picture = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV encodes every uint8 picture"
    return bytes(data)


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """Area averaging where it shrinks by half or more (no moiré from 1-bit or halftone pages), else bilinear; cubic to grow."""
    if (pixels.shape[1], pixels.shape[0]) == (width, height):
        return pixels
    factor = min(width / pixels.shape[1], height / pixels.shape[0])
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_LINEAR if factor > 0.5 else cv2.INTER_AREA
    out: Pixels = cv2.resize(pixels, (max(1, width), max(1, height)), interpolation=how)
    return out


def scaled(pixels: Pixels, factor: float) -> Pixels:
    return resized(pixels, round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))


def shrunk(pixels: Pixels, step: int) -> Pixels:
    """One pixel for each whole square of ``step`` pixels, ten times as fast as any other scale; the odd edge is left out."""
    height, width = max(1, pixels.shape[0] // step), max(1, pixels.shape[1] // step)
    whole = pixels[: height * step, : width * step]
    out: Pixels = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return out


def turned(pixels: Pixels, degrees: int) -> Pixels:
    """Turned clockwise by 0, 90, 180 or 270 degrees."""
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if degrees == 0:
        return pixels
    out: Pixels = cv2.rotate(pixels, codes[degrees])
    return out


def grey(pixels: Pixels) -> Pixels:
    out: Pixels = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return out


def inked(part: Pixels) -> Mask:
    """Where a part of a grey page is clearly darker than its paper; nothing where it is empty."""
    if not part.size:
        return np.zeros(part.shape, np.bool_)
    out: Mask = part < float(np.percentile(part, 90)) - _DARKER
    return out


def planes(pixels: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """Red, green and blue, each H×W."""
    red, green, blue = cv2.split(pixels)
    return red, green, blue


def local_background(thumb: Pixels, size: int = 31) -> Pixels:
    """The paper behind the ink of a small grey picture: a wide maximum, smoothed."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    out: Pixels = cv2.blur(cv2.morphologyEx(thumb, cv2.MORPH_CLOSE, kernel), (size, size))
    return out


def joined_blobs(mask: Mask, width: int, height: int) -> list[tuple[int, int, int, int, int]]:
    """Connected blobs of a mask after closing gaps of ``width``×``height`` pixels: (x, y, w, h, area)."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (max(1, width), max(1, height)))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    return [(int(x), int(y), int(w), int(h), int(area)) for x, y, w, h, area in stats[1:]]


def level(plane: Pixels, share: float) -> int:
    """The grey under which so much of a plane is: a percentile, by counting and not by sorting."""
    counts = np.cumsum(cv2.calcHist([plane], [0], None, [256], [0, 256]))
    return int(np.searchsorted(counts, share * counts[-1]))


def distance(one: Pixels, other: Pixels) -> Pixels:
    """By how many levels two pictures of one size differ, pixel by pixel."""
    out: Pixels = cv2.absdiff(one, other)
    return out
