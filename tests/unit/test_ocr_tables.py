"""Tables are read by cell, two cards on a page card by card: the way from the picture to the reading, with the real engine."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from samples import make
from samples.damage import Scan, damaged
from services.kernel.paper import PageReading
from services.ocr.documents import read_document
from services.ocr.page import read_page
from services.ocr.raster import Raster
from services.ocr.text import tidy
from tests.eyes import engine, turns

DPI = 200
FEW = 0.02
"""Of the cells: what the reader itself takes for another sign."""


def read(kind: str, seed: int, damage: str) -> PageReading:
    scan = damaged(Scan(make(kind, seed).sheets[0].render(DPI), DPI), damage, Random(seed))
    picture = scan.image if scan.image.mode in ("L", "RGB") else scan.image.convert("L")
    reading, _ = read_page(Raster(np.asarray(picture), float(scan.dpi)), 1, engine(), turns())
    return reading


def plain(text: str) -> str:
    return tidy(text).translate(str.maketrans("：（）", ":()"))


@pytest.mark.parametrize(("seed", "damage"), [(6, "clean"), (14, "skew:3"), (23, "low_contrast")])
def test_each_cell_of_a_narrow_table_is_a_line_of_its_own_in_the_order_of_rows(seed, damage):
    wanted = [plain(text) for text in make("schedule", seed).page_truths()[1].lines]
    found = [plain(line.text) for line in read("schedule", seed, damage).lines]
    right = Counter(wanted) & Counter(found)
    assert right.total() >= (1 - FEW) * len(wanted)
    assert [text for text in found if text in right] == [text for text in wanted if text in right]


def test_two_cards_are_read_from_the_picture_as_two():
    truth, reading = make("id_cards", 31).truths[0], read_document([read("id_cards", 31, "skew:3")])
    assert {name: [one.value for one in reading.fields[name]] for name in truth.fields} == {
        name: list(dict.fromkeys(values)) for name, values in truth.fields.items()
    }
