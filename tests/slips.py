"""Small paper that is read quickly: slips of one to six pages in all formats, each page with a serial number of its own in
large print, which nothing else in the archive bears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from samples import fonts
from samples.damage import Scan
from samples.writers import SUFFIXES, write_scans

DPI = 100
SIZE = (413, 583)
"""A6 upright, in pixels."""
FORMATS = ("pdf", "jpeg", "tiff", "png", "pdf", "webp")
LONGEST = {"pdf": 6, "tiff": 4}
WORDS = ("收讫", "入库", "押金", "车位", "钥匙", "水电", "维修", "验房", "装修", "门禁", "票据", "住户")


class Slips:
    """An endless pile in ``folder``. The same seed gives the same pile."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._rng, self._count = folder, Random(f"slips:{seed}"), 0
        self._serials = self._draw_serials()

    def next(self) -> tuple[Path, tuple[str, ...]]:
        """A file, and the serial number on each of its pages."""
        kind = FORMATS[self._count % len(FORMATS)]
        self._count += 1
        path = self._folder / f"slip-{self._count:05d}{SUFFIXES[kind]}"
        serials = tuple(next(self._serials) for _ in range(self._rng.randint(1, LONGEST.get(kind, 1))))
        write_scans(path, kind, (Scan(self._page(serial), DPI) for serial in serials))
        return path, serials

    def _draw_serials(self) -> Iterator[str]:
        yield from map(str, self._rng.sample(range(10**7, 10**8), 100_000))

    def _page(self, serial: str) -> Image.Image:
        image = Image.new("L", SIZE, 255)
        draw, words = ImageDraw.Draw(image), self._rng.sample(WORDS, 3)
        draw.text((30, 60), f"{words[0]}登记单", 0, fonts.font("hei", 30))
        draw.text((30, 140), serial, 0, fonts.font("hei", 44))
        for line, word in enumerate(words[1:]):
            draw.text((30 + 40 * line, 240 + 90 * line), f"{word}一件", 0, fonts.font("hei", 28))
        return image
