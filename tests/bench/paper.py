"""Generated documents, damaged, read page by page, and kept: what the fields' confidence and the page checks are measured on.

One line of JSON a document, so that what reads fields can be measured again without reading pages again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import samples
from samples.damage import FIVE, Scan, damaged
from services.kernel.paper import PageReading
from services.ocr.engines import load_engine, load_orientation
from services.ocr.page import read_page
from services.ocr.raster import Raster

HARD = ("low_contrast:8", "noise:45", "skew:4+noise:25+grey", "noise:20+fax", "stamped+low_contrast:15", "dark_edge+noise:12")
RESOLUTIONS = (200, 200, 300, 150)


@dataclass(frozen=True, slots=True)
class Read:
    """One document as read, and its true fields."""

    kind: str
    seed: int
    damage: str
    dpi: int
    pages: tuple[PageReading, ...]
    truth: dict[str, list[str]]

    @property
    def hard(self) -> bool:
        return self.damage in HARD


def read(seeds: Sequence[int], path: Path, kinds: Sequence[str] = samples.KINDS) -> None:
    """Appends every kind of each seed, ten in sixteen with one of the five damages and the others with a harder one; what the
    file already has is not read again."""
    done = {(each.kind, each.seed) for each in kept(path)} if path.exists() else set()
    engine, turns = load_engine("auto"), load_orientation()
    with path.open("a", encoding="utf-8") as target:
        for seed in seeds:
            for kind in (kind for kind in kinds if (kind, seed) not in done):
                rng = Random(f"bench:{kind}:{seed}")
                damage, dpi = rng.choice((*FIVE, *FIVE, *HARD)), rng.choice(RESOLUTIONS)
                document = samples.make(kind, seed)
                pages = []
                for number, image in enumerate(document.images(dpi), 1):
                    scan = damaged(Scan(image, dpi), damage, rng)
                    page = scan.image if scan.image.mode in ("L", "RGB") else scan.image.convert("L")
                    reading, _ = read_page(Raster(np.asarray(page), float(scan.dpi)), number, engine, turns)
                    pages.append(reading.to_json())
                head = {"kind": kind, "seed": seed, "damage": damage, "dpi": dpi}
                fields = {name: list(values) for name, values in document.truths[0].fields.items()}
                target.write(json.dumps({**head, "pages": pages, "truth": fields}, ensure_ascii=False) + "\n")
                target.flush()


def kept(path: Path) -> Iterator[Read]:
    """What :func:`read` wrote."""
    for line in path.read_text("utf-8").splitlines():
        data: dict[str, Any] = json.loads(line)
        pages = tuple(PageReading.from_json(page) for page in data.pop("pages"))
        yield Read(**data, pages=pages)
