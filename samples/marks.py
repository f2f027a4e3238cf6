"""Marks that are not text: seals (印章), rectangular stamps, signatures, portraits, emblems and barcodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from samples import fonts
from samples.sheet import BLACK, RED, Colour, Pen


@dataclass(frozen=True, slots=True)
class Seal:
    """A round company seal centred on ``x``/``y`` mm: name along the rim, star, purpose below (e.g. 合同专用章)."""

    x: float
    y: float
    name: str
    purpose: str = ""
    radius: float = 20.0
    seed: int = 0

    def on(self, pen: Pen) -> None:
        tile = _seal_tile(self.name, self.purpose, pen.px(self.radius), self.seed)
        press(pen.image, tile, pen.px(self.x) - tile.width // 2, pen.px(self.y) - tile.height // 2)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A rectangular stamp (e.g. 现金收讫) centred on ``x``/``y`` mm, turned by ``angle`` degrees."""

    x: float
    y: float
    text: str
    size: float = 6.0
    angle: float = 0.0
    seed: int = 0
    colour: Colour = RED

    def on(self, pen: Pen) -> None:
        tile = _stamp_tile(self.text, pen.px(self.size), self.angle, self.seed, self.colour)
        press(pen.image, tile, pen.px(self.x) - tile.width // 2, pen.px(self.y) - tile.height // 2)


def press(image: Image.Image, tile: Image.Image, left: int, top: int) -> None:
    """Inks ``tile`` onto ``image``: it darkens what lies below, as ink does, and hides nothing."""
    box = (max(0, left), max(0, top), min(image.width, left + tile.width), min(image.height, top + tile.height))
    if box[0] >= box[2] or box[1] >= box[3]:
        return
    part = tile.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top)).convert(image.mode)
    image.paste(ImageChops.multiply(image.crop(box), part), box)


@lru_cache(maxsize=64)
def _seal_tile(name: str, purpose: str, radius: int, seed: int) -> Image.Image:
    size = 2 * radius + 4
    ink = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(ink)
    centre = size / 2
    draw.ellipse((2, 2, size - 3, size - 3), outline=255, width=max(2, round(radius * 0.06)))
    draw.polygon(_star(centre, centre, radius * 0.3), fill=255)
    _along_rim(ink, name, centre, radius, 230.0 if purpose else 280.0)
    if purpose:
        face = fonts.font("heibold", max(4, round(radius * 0.2)))
        draw.text((centre, centre + radius * 0.62), purpose, 255, face, anchor="mm")
    turned = ink.rotate(Random(seed).uniform(-25, 25), Image.Resampling.BICUBIC)
    return _inked(turned, RED, seed)


def _along_rim(ink: Image.Image, name: str, centre: float, radius: int, widest: float) -> None:
    """Each character stands on the rim, its foot towards the centre; the arc, of ``widest`` degrees at most, opens at the
    bottom."""
    spread = min(widest, 20.0 * len(name))
    em = max(4, round(min(radius * 0.3, radius * 0.75 * math.radians(spread) / max(1, len(name)))))
    face = fonts.font("bold", em)
    for index, character in enumerate(name):
        angle = -spread / 2 + spread * index / max(1, len(name) - 1)
        glyph = Image.new("L", (em * 2, em * 2), 0)
        ImageDraw.Draw(glyph).text((em, em), character, 255, face, anchor="mm")
        glyph = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        x = centre + radius * 0.74 * math.sin(math.radians(angle)) - em
        y = centre - radius * 0.74 * math.cos(math.radians(angle)) - em
        box = (round(x), round(y), round(x) + glyph.width, round(y) + glyph.height)
        ink.paste(255, box, glyph)


@lru_cache(maxsize=64)
def _stamp_tile(text: str, em: int, angle: float, seed: int, colour: Colour) -> Image.Image:
    em = max(6, em)
    face = fonts.font("heibold", em)
    width, height = round(face.getlength(text) + em), round(em * 1.7)
    ink = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(ink)
    line = max(2, em // 12)
    draw.rectangle((line, line, width - line - 1, height - line - 1), outline=255, width=line)
    draw.text((width / 2, height / 2), text, 255, face, anchor="mm")
    return _inked(ink.rotate(angle, Image.Resampling.BICUBIC, expand=True), colour, seed)


def _inked(ink: Image.Image, colour: Colour, seed: int) -> Image.Image:
    """Turns coverage into ink on white: uneven, with specks where the pad was dry."""
    grain = np.random.default_rng(seed).normal(0.78, 0.2, (max(1, ink.height // 3), max(1, ink.width // 3)))
    blotches = Image.fromarray((grain.clip(0, 1) * 255).astype(np.uint8)).resize(ink.size, Image.Resampling.BILINEAR)
    coverage = ImageChops.multiply(ink, blotches)
    return Image.composite(Image.new("RGB", ink.size, colour), Image.new("RGB", ink.size, (255, 255, 255)), coverage)


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    return [
        (x + r * math.sin(math.radians(36 * i)), y - r * math.cos(math.radians(36 * i)))
        for i in range(10)
        for r in (radius if i % 2 == 0 else radius * 0.382,)
    ]


@dataclass(frozen=True, slots=True)
class Signature:
    """A hand's strokes over about ``width`` mm: nobody's, and not text."""

    x: float
    y: float
    width: float = 24.0
    seed: int = 0
    colour: Colour = (30, 36, 90)

    def on(self, pen: Pen) -> None:
        rng = Random(self.seed)
        x = self.x
        for _ in range(rng.randint(2, 3)):
            step = self.width / 3
            for _ in range(rng.randint(3, 5)):
                knots = [(x + rng.uniform(-0.1, 1.0) * step, self.y + rng.uniform(-3.2, 3.2)) for _ in range(4)]
                points = [(pen.px(px), pen.px(py)) for px, py in _bezier(knots)]
                pen.draw.line([c for point in points for c in point], self.colour, pen.thick(0.4), joint="curve")
            x += step


def _bezier(knots: list[tuple[float, float]], steps: int = 18) -> list[tuple[float, float]]:
    points = []
    for step in range(steps + 1):
        t = step / steps
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        points.append((sum(w * k[0] for w, k in zip(weights, knots, strict=True)),
                       sum(w * k[1] for w, k in zip(weights, knots, strict=True))))  # fmt: skip
    return points


@dataclass(frozen=True, slots=True)
class Portrait:
    """A stand-in for a photograph: a head and shoulders of no one, top left at ``x``/``y`` mm."""

    x: float
    y: float
    width: float = 26.0
    height: float = 32.0

    def on(self, pen: Pen) -> None:
        tile = Image.new("RGB", (pen.px(self.width), pen.px(self.height)), (214, 224, 234))
        draw = ImageDraw.Draw(tile)
        w, h = tile.size
        draw.ellipse((w * 0.08, h * 0.68, w * 0.92, h * 1.4), fill=(60, 66, 80))
        draw.rectangle((w * 0.42, h * 0.55, w * 0.58, h * 0.75), fill=(206, 170, 146))
        draw.ellipse((w * 0.27, h * 0.12, w * 0.73, h * 0.6), fill=(44, 38, 36))
        draw.ellipse((w * 0.31, h * 0.2, w * 0.69, h * 0.65), fill=(220, 184, 160))
        pen.image.paste(tile.filter(ImageFilter.GaussianBlur(w / 80)), (pen.px(self.x), pen.px(self.y)))


@dataclass(frozen=True, slots=True)
class Emblem:
    """A round ornament with a star, where a real paper bears an emblem."""

    x: float
    y: float
    radius: float = 8.0
    colour: Colour = (190, 40, 36)

    def on(self, pen: Pen) -> None:
        x, y, r = self.x * pen.scale, self.y * pen.scale, self.radius * pen.scale
        pen.draw.ellipse((x - r, y - r, x + r, y + r), outline=self.colour, width=pen.thick(self.radius * 0.12))
        pen.draw.ellipse((x - r * 0.8, y - r * 0.8, x + r * 0.8, y + r * 0.8), fill=(226, 176, 120))
        pen.draw.polygon(_star(x, y - r * 0.1, r * 0.5), fill=self.colour)


@dataclass(frozen=True, slots=True)
class Barcode:
    """A QR code or Code 128 of ``width`` mm whose top left is at ``x``/``y`` mm."""

    x: float
    y: float
    width: float
    text: str
    symbology: str = "QRCode"
    height: float | None = None

    def on(self, pen: Pen) -> None:
        code = zxingcpp.create_barcode(self.text, getattr(zxingcpp.BarcodeFormat, self.symbology))
        modules = Image.fromarray(np.array(code.to_image(scale=1, add_quiet_zones=False)))
        size = (pen.px(self.width), pen.px(self.height or self.width))
        picture = modules.convert("RGB").resize(size, Image.Resampling.NEAREST)
        pen.image.paste(picture, (pen.px(self.x), pen.px(self.y)))


@dataclass(frozen=True, slots=True)
class Waves:
    """Pale security lines (底纹) over a rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour = (232, 222, 206)
    pitch: float = 3.0

    def on(self, pen: Pen) -> None:
        steps = 60
        for row in range(int(self.height / self.pitch)):
            middle = self.y + (row + 0.5) * self.pitch
            points = []
            for step in range(steps + 1):
                x = self.x + self.width * step / steps
                points.append((pen.px(x), pen.px(middle + self.pitch * 0.45 * math.sin(step * 0.9 + row))))
            pen.draw.line([c for point in points for c in point], self.colour, pen.thick(0.15))


SIGNATURE_INKS: tuple[Colour, ...] = ((30, 36, 90), BLACK)
