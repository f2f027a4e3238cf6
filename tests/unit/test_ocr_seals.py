"""Seals are read as seals: along the rim, then in the middle, at whatever angle they were pressed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw

from samples import marks
from samples.sheet import Pen
from services.kernel.paper import EngineInfo, Line, PageReading, Seal
from services.ocr import pixels as px
from services.ocr.engines import Engine, load_engine
from services.ocr.fields import extract
from services.ocr.page import read_page
from services.ocr.pixels import Pixels
from services.ocr.raster import Raster

DPI = 200.0
NAME, PURPOSE = "武汉泰禹置业有限公司", "合同专用章"


@cache
def engine() -> Engine:
    return load_engine("rapid")


def page(*pressed: marks.Seal | marks.Stamp, words: str = "") -> Pixels:
    image = Image.new("RGB", (1654, 2339), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 2300, 60, 2339), fill="black")  # so that the page is not blank
    for mark in pressed:
        mark.on(Pen(image, draw, DPI / 25.4))
    return np.asarray(image)


def seals(pixels: Pixels, turn: int = 0) -> tuple[Seal, ...]:
    lying = px.turned(pixels, (360 - turn) % 360)
    reading, _ = read_page(Raster(lying, DPI), 1, engine(), lambda _: ((turn, 0.99),))
    return reading.seals


@pytest.mark.parametrize("seed", range(6))
def test_a_round_seal_is_read_along_its_rim_and_in_its_middle(seed: int) -> None:
    (seal,) = seals(page(marks.Seal(100, 120, NAME, PURPOSE, seed=seed)))
    assert (seal.text, seal.form) == (f"{NAME} {PURPOSE}", "round")
    assert seal.confidence > 0.8


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["海陵银行贵阳分行", "哈尔滨宏睦房地产开发有限公司"])
def test_a_name_begins_with_its_first_sign_and_ends_with_its_last_however_long_it_is(name: str, seed: int) -> None:
    (seal,) = seals(page(marks.Seal(100, 120, name, "回单专用章", seed=seed)))
    assert seal.text == f"{name} 回单专用章"


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_its_place_is_that_of_the_upright_page(turn: int) -> None:
    (seal,) = seals(page(marks.Seal(100, 120, NAME, PURPOSE)), turn)
    assert seal.text == f"{NAME} {PURPOSE}"
    (left, top), _, (right, bottom), _ = seal.box
    scale = DPI / 25.4
    assert [left, top, right, bottom] == pytest.approx([80 * scale, 100 * scale, 120 * scale, 140 * scale], abs=12)


def test_a_seal_without_a_purpose_and_one_of_a_line() -> None:
    found = seals(page(marks.Seal(60, 100, NAME), marks.Stamp(140, 200, "现金收讫", angle=4)))
    assert {(seal.form, seal.text) for seal in found} == {("round", NAME), ("line", "现金收讫")}


def test_red_that_says_nothing_is_no_seal() -> None:
    image = Image.fromarray(page())
    ImageDraw.Draw(image).rectangle((600, 600, 800, 800), fill=(205, 40, 50))
    assert seals(np.asarray(image)) == ()


def certificate(*pressed: Seal) -> PageReading:
    texts = ("不动产权证书", "权利人：张伟", "建筑面积：89.1平方米")
    lines = tuple(
        Line(text, ((100, y), (500, y), (500, y + 40), (100, y + 40)), 0.99, 0.99)
        for y, text in zip((0, 100, 200), texts, strict=True)
    )
    return PageReading(1, 1654, 2339, 0, 0.0, False, lines, EngineInfo("rapid", "1", "tiny"), seals=pressed)


def test_what_stands_under_a_seal_is_not_sure() -> None:
    """A figure that a seal hides leaves those around it as clear as ever: 89.13 reads 89.1, without a doubt."""
    over = Seal("", 0.0, ((300, 180), (480, 180), (480, 360), (300, 360)), "round")
    (plain,), (sealed,) = (extract([certificate(*each)], "property_certificate")["area"] for each in ((), (over,)))
    assert plain.confidence > 0.95
    assert sealed.confidence <= 0.9
    beside = Seal("", 0.0, ((900, 180), (1100, 180), (1100, 360), (900, 360)), "round")
    (free,) = extract([certificate(beside)], "property_certificate")["area"]
    assert free.confidence == plain.confidence


def test_a_reading_with_seals_comes_back_from_its_json() -> None:
    over = Seal(NAME, 0.93, ((300, 180), (480, 180), (480, 360), (300, 360)), "round")
    reading = certificate(over)
    assert PageReading.from_json(reading.to_json()) == reading
    told = reading.to_json()
    del told["seals"]  # as it was kept before seals were read
    assert PageReading.from_json(told).seals == ()
