"""How often the mark that no eye sees still names its reader after print and scan (150 dpi, ±3°, a tenth of width and height
cut off, JPEG of quality 50): every kind of paper that ``samples`` draws, as clean and as worn as scanners bring it."""

from __future__ import annotations

import io
from collections import Counter
from random import Random

import cv2
import numpy as np
import pytest

import samples
from samples.damage import Scan, damaged
from samples.make import KINDS
from services.access.marking.detect import find
from services.access.marking.page import mark_picture
from services.access.marking.strip import strip_of
from tests.unit.test_access_marks import printed_and_scanned

ROUNDS, DPI = 4, 200
WORN = ("clean", "noise:5", "grey", "low_contrast:45")
WORDS = "李晓华  2026-11-27 14:50  JY-2026-0001"


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_in_95_of_100_tries_the_mark_names_its_reader_after_print_and_scan() -> None:
    tried, right = Counter[str](), Counter[str]()
    for kind in (*KINDS, "blank"):
        for seed in range(ROUNDS):
            for worn in WORN:
                rng = Random(f"{kind}:{seed}:{worn}")
                number = rng.getrandbits(32)
                spoilt = cv2.cvtColor(printed_and_scanned(shown(page(kind, seed, worn, rng), number), rng), cv2.COLOR_BGR2GRAY)
                found = find(spoilt)
                assert found is None or found.number == number, "a wrong name is worse than none"
                for group in (kind, worn, "all"):
                    tried[group] += 1
                    right[group] += found is not None
    for group, count in tried.items():
        print(f"{group:24} {right[group]:4} of {count}")
    assert tried["all"] >= 200
    assert right["all"] >= 0.95 * tried["all"]


def page(kind: str, seed: int, worn: str, rng: Random) -> bytes:
    """One page of such a paper as the archive keeps its picture."""
    sheet = rng.choice(samples.make(kind, seed).sheets)
    scan = damaged(Scan(sheet.render(DPI), DPI), worn, rng)
    target = io.BytesIO()
    scan.image.convert("RGB" if scan.image.mode == "RGB" else "L").save(target, "JPEG", quality=85)
    return target.getvalue()


def shown(jpeg: bytes, number: int) -> np.ndarray:
    """As the archive shows it to a reader."""
    strip = strip_of(WORDS)
    size = (strip.width, strip.height)
    _, (marked,) = mark_picture(io.BytesIO(strip.pixels + jpeg), strip=size, number=number)
    return cv2.imdecode(np.frombuffer(marked, np.uint8), cv2.IMREAD_COLOR)
