"""What scanners, faxes and clerks do to paper: small functions on pictures that compose.

A damage takes a ``Scan`` and a ``Random`` and gives a ``Scan``. It is named by a specification such as ``clean``, ``skew:3`` or
``skew:2+noise+punched``: names of ``DAMAGES`` joined by ``+``, each with an optional number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from random import Random

import cv2
import numpy as np
from PIL import Image, ImageChops, ImageDraw

from samples.marks import Seal, Stamp
from samples.sheet import MM_PER_INCH, Pen

FAX_DPI = 200


@dataclass(frozen=True, slots=True)
class Scan:
    """A scanned page: ``rotation`` is the clockwise turn that makes it upright, ``stamps`` what was stamped onto it."""

    image: Image.Image
    dpi: int
    rotation: int = 0
    stamps: tuple[str, ...] = ()

    @property
    def pen(self) -> Pen:
        return Pen(self.image, ImageDraw.Draw(self.image), self.dpi / MM_PER_INCH)


Damage = Callable[[Scan, Random], Scan]


def clean(scan: Scan, rng: Random) -> Scan:
    return scan


def skew(degrees: float) -> Damage:
    """The page lay askew: turned clockwise by ``degrees`` on a white lid."""

    def damage(scan: Scan, rng: Random) -> Scan:
        pixels = np.asarray(scan.image)
        height, width = pixels.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
        white = (255, 255, 255) if pixels.ndim == 3 else (255,)
        turned = cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=white)
        return replace(scan, image=Image.fromarray(turned))

    return damage


def turned(degrees: float) -> Damage:
    """The page was fed turned clockwise by 90, 180 or 270 degrees."""
    ways = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}

    def damage(scan: Scan, rng: Random) -> Scan:
        image = scan.image.transpose(ways[int(degrees)])
        return replace(scan, image=image, rotation=(scan.rotation - int(degrees)) % 360)

    return damage


def stamped(scan: Scan, rng: Random) -> Scan:
    """Red stamps over the text: a round seal and two rectangular ones."""
    scale = scan.dpi / MM_PER_INCH
    width, height = scan.image.width / scale, scan.image.height / scale
    words = rng.sample(("复印件与原件核对一致", "已核对", "仅供备案使用", "已归档", "副本"), 2)
    for text in words:
        x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.15, 0.6)
        Stamp(x, y, text, rng.uniform(5, 8), rng.uniform(-20, 20), rng.randrange(1 << 30)).on(scan.pen)
    name = "市房屋交易档案管理中心"
    Seal(width * rng.uniform(0.35, 0.65), height * rng.uniform(0.25, 0.6), name, "档案专用章", 20, rng.randrange(1 << 30)).on(
        scan.pen
    )
    return replace(scan, stamps=(*scan.stamps, *words, name, "档案专用章"))


def fax(scan: Scan, rng: Random) -> Scan:
    """Sent by fax: 200 dpi, one bit, specks and a few dropped rows. It comes last: the others need grey or colour."""
    grey = scan.image.convert("L")
    if scan.dpi != FAX_DPI:
        size = (round(grey.width * FAX_DPI / scan.dpi), round(grey.height * FAX_DPI / scan.dpi))
        grey = grey.resize(size, Image.Resampling.BOX if scan.dpi > FAX_DPI else Image.Resampling.BICUBIC)
    pixels = np.array(grey)
    generator = np.random.default_rng(rng.randrange(1 << 30))
    black = pixels < 150
    specks = generator.integers(0, pixels.size, pixels.size // 6000)
    black.reshape(-1)[specks] ^= True
    for row in generator.integers(0, pixels.shape[0], 3):
        black[row] = black[max(0, row - 1)]
    return replace(scan, image=Image.fromarray(~black).convert("1"), dpi=FAX_DPI)


def low_contrast(quality: float = 30) -> Damage:
    """A worn copy: pale ink on grey paper, and a JPEG of low ``quality`` in between."""

    def damage(scan: Scan, rng: Random) -> Scan:
        table = [round(118 + value * 0.39) for value in range(256)]
        pale = scan.image.point(table * len(scan.image.getbands()))
        buffer = BytesIO()
        pale.save(buffer, "JPEG", quality=int(quality))
        return replace(scan, image=Image.open(buffer).copy())

    return damage


@cache
def _grain(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (1024, 1024)).astype(np.float32)


def noise(sigma: float = 9) -> Damage:
    """Sensor noise of standard deviation ``sigma`` grey levels."""

    def damage(scan: Scan, rng: Random) -> Scan:
        pixels = np.asarray(scan.image)
        height, width = pixels.shape[:2]
        grain = (_grain(rng.randrange(8)) * sigma).astype(np.int16)
        field = np.tile(grain, (-(-height // 1024), -(-width // 1024)))[:height, :width]
        if pixels.ndim == 3:
            field = np.repeat(field[:, :, None], pixels.shape[2], axis=2)
        return replace(scan, image=Image.fromarray(cv2.add(pixels, field, dtype=cv2.CV_8U)))

    return damage


def dark_edge(scan: Scan, rng: Random) -> Scan:
    """The lid stood open: a dark band along one long edge and the bottom."""
    pixels = np.array(scan.image, dtype=np.uint8)
    height, width = pixels.shape[:2]
    band = int(scan.dpi / MM_PER_INCH * rng.uniform(5, 9))
    shade = np.ones((height, width), dtype=np.float32)
    ramp = np.linspace(0.1, 1.0, band, dtype=np.float32)
    shade[:, :band] *= ramp if rng.random() < 0.5 else 1.0
    shade[:, -band:] *= ramp[::-1]
    shade[-band // 2 :, :] *= ramp[: -(-band // 2)][::-1, None]
    if pixels.ndim == 3:
        shade = shade[:, :, None]
    return replace(scan, image=Image.fromarray((pixels * shade).astype(np.uint8)))


def punched(scan: Scan, rng: Random) -> Scan:
    """Two binding holes, 80 mm apart as ISO 838 has them, scanned dark."""
    pen = scan.pen
    middle = scan.image.height / pen.scale / 2
    fill = 40 if scan.image.mode == "L" else (40, 40, 42)
    for y in (middle - 40, middle + 40):
        pen.draw.ellipse((pen.px(9), pen.px(y - 3), pen.px(15), pen.px(y + 3)), fill=fill)
    return scan


def grey(scan: Scan, rng: Random) -> Scan:
    """Scanned in shades of grey."""
    return replace(scan, image=scan.image.convert("L"))


def photo(share: float) -> Damage:
    """Photographed with a phone on a dark desk: each corner of the sheet lies up to ``share`` percent of the side inside the
    picture, one side nearer the lamp, a little out of focus."""

    def damage(scan: Scan, rng: Random) -> Scan:
        pixels = np.asarray(scan.image.convert("RGB"))
        height, width = pixels.shape[:2]
        inward = [(rng.uniform(0.02, share / 100) * width, rng.uniform(0.02, share / 100) * height) for _ in range(4)]
        sheet = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        lies = np.array(
            [(x + a * dx, y + b * dy) for (x, y), (dx, dy), (a, b) in zip(sheet, inward, signs, strict=True)], np.float32
        )
        warp = cv2.getPerspectiveTransform(sheet, lies)
        seen = cv2.warpPerspective(pixels, warp, (width, height), flags=cv2.INTER_AREA, borderValue=(62, 54, 48))
        light = np.linspace(rng.uniform(0.7, 0.85), 1.0, width, dtype=np.float32)[None, :, None]
        lit = np.clip(seen * (light if rng.random() < 0.5 else light[:, ::-1]), 0, 255).astype(np.uint8)
        return replace(scan, image=Image.fromarray(cv2.GaussianBlur(lit, (0, 0), scan.dpi / 300)))

    return damage


def bleed_through(scan: Scan, rng: Random) -> Scan:
    """Thin paper: what is printed on the back shows, mirrored and pale."""
    back = (
        scan.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        .convert("L")
        .point([205 + value * 50 // 255 for value in range(256)])
    )
    page = scan.image
    return replace(scan, image=ImageChops.multiply(page, back.convert(page.mode)))


DAMAGES: dict[str, Callable[[float | None], Damage]] = {
    "clean": lambda _: clean,
    "skew": lambda degrees: skew(3.0 if degrees is None else degrees),
    "turned": lambda degrees: turned(90 if degrees is None else degrees),
    "upside_down": lambda _: turned(180),
    "stamped": lambda _: stamped,
    "fax": lambda _: fax,
    "low_contrast": lambda quality: low_contrast(30 if quality is None else quality),
    "noise": lambda sigma: noise(9 if sigma is None else sigma),
    "dark_edge": lambda _: dark_edge,
    "punched": lambda _: punched,
    "grey": lambda _: grey,
    "photo": lambda share: photo(9 if share is None else share),
    "bleed_through": lambda _: bleed_through,
}
# The five of the benchmark and the README.
FIVE = ("clean", "skew:3", "low_contrast", "fax", "stamped")


def damaged(scan: Scan, specification: str, rng: Random) -> Scan:
    """Applies ``specification`` from left to right. Raises ``ValueError`` for an unknown name."""
    for part in specification.split("+"):
        name, _, number = part.partition(":")
        if name not in DAMAGES:
            raise ValueError(f"Unknown damage {name!r}. Choose among: {', '.join(DAMAGES)}")
        scan = DAMAGES[name](float(number) if number else None)(scan, rng)
    return scan
