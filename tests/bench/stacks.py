"""Stacks as a feeder takes them, for what the timed pages cannot show: documents in any order, two of a kind after each other,
one page in five turned; in the five damages, at 200 dpi."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

import samples
from samples import Truth
from samples.damage import FIVE
from samples.document import Document

PAGES_A_FILE, DPI, TURNED = 24, 200, 0.2


def stacks(folder: Path, pages: int, seed: int) -> list[Truth]:
    """About so many pages in PDFs of about 24, each of one damage."""
    folder.mkdir(parents=True, exist_ok=True)
    files = max(1, -(-pages // PAGES_A_FILE))
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(partial(_written, folder=folder, seed=seed, pages=min(pages, PAGES_A_FILE)), range(files), chunksize=1)


def _written(number: int, folder: Path, seed: int, pages: int) -> Truth:
    rng = Random(f"stacks:{seed}:{number}")
    damage = FIVE[number % len(FIVE)]
    document = samples.stacked(list(_documents(rng, pages)))
    ways = [_turned(rng, damage) for _ in document.sheets]
    return samples.write(document, folder / f"stack-{number:03d}.pdf", "pdf", DPI, ways, rng.randrange(1 << 30))


def _documents(rng: Random, pages: int) -> Iterator[Document]:
    count = 0
    while count < pages:
        document = samples.make(rng.choice(samples.KINDS), rng.randrange(1 << 30))
        count += len(document.sheets)
        yield document


def _turned(rng: Random, damage: str) -> str:
    return f"{damage}+turned:{rng.choice((90, 180, 270))}" if rng.random() < TURNED else damage
