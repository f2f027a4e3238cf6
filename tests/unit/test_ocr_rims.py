"""Black seals on faxes and grey copies: they are read as seals, and the lines that they lie on are whole."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw

from samples import fonts, marks
from samples.sheet import Pen
from services.kernel.paper import Box, Line, PageReading, Seal
from services.ocr import pixels as px
from services.ocr.engines import Engine, load_engine
from services.ocr.fields.text import fold
from services.ocr.page import read_page
from services.ocr.pixels import Pixels
from services.ocr.raster import Raster
from services.ocr.rims import Circle, black_seals, without_sayings
from services.ocr.stamps import THUMB_STEP

DPI = 200.0
SCALE = DPI / 25.4
NAME, PURPOSE = "武汉泰禹置业有限公司", "合同专用章"


@cache
def engine() -> Engine:
    return load_engine("rapid")


def fax(
    *pressed: marks.Seal | marks.Stamp, words: str = "", at: tuple[float, float] = (30, 100), ruled: bool = False
) -> Pixels:
    """A page of one bit, as grey."""
    image = Image.new("RGB", (1654, 2339), "white")
    draw = ImageDraw.Draw(image)
    font = fonts.font("song", 40)
    draw.text((at[0] * SCALE, at[1] * SCALE), words or "编号", "black", font)
    if ruled:
        draw.rectangle((200, 700, 1450, 1500), outline="black", width=4)
    for mark in pressed:
        mark.on(Pen(image, draw, SCALE))
    return np.where(np.asarray(image.convert("L")) < 170, 0, 255).astype(np.uint8)


def read(pixels: Pixels, turn: int = 0) -> PageReading:
    lying = px.turned(pixels, (360 - turn) % 360)
    return read_page(Raster(lying, DPI), 1, engine(), lambda _: ((turn, 0.99),))[0]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_black_seal_is_found_by_its_rim_and_read(turn: int) -> None:
    reading = read(fax(marks.Seal(100, 120, NAME, PURPOSE)), turn)
    (seal,) = reading.seals
    assert (seal.text, seal.form) == (f"{NAME} {PURPOSE}", "round")
    (left, top), _, (right, bottom), _ = seal.box
    assert [left, top, right, bottom] == pytest.approx([80 * SCALE, 100 * SCALE, 120 * SCALE, 140 * SCALE], abs=12)


def test_what_it_says_is_no_line_of_the_page() -> None:
    reading = read(fax(marks.Seal(100, 120, NAME, PURPOSE), words="出卖人（盖章）：", at=(20, 117)))
    assert [fold(line.text) for line in reading.lines] == ["出卖人(盖章):"]


def test_a_line_that_its_rim_tears_is_read_as_one() -> None:
    words = "物业公司（盖章）：武汉泰禹置业有限公司收"
    reading = read(fax(marks.Seal(88, 122, NAME, PURPOSE), words=words, at=(20, 113)))
    (line,) = [line.text for line in reading.lines if "物业公司" in line.text]
    assert len(line) >= len(words) - 2 and line.endswith("收"), line


@pytest.mark.parametrize("ruled", [False, True])
def test_a_page_without_seals_has_no_circles(ruled: bool) -> None:
    page = fax(marks.Stamp(100, 120, "现金收讫"), words="本合同自双方签字之日起生效", ruled=ruled)
    assert black_seals(page, px.shrunk(page, THUMB_STEP), DPI) == []


def test_a_circle_found_on_the_small_picture_is_fitted_to_the_page() -> None:
    image = Image.new("L", (1654, 2339), "white")
    ImageDraw.Draw(image).ellipse((503, 601, 803, 901), outline="black", width=8)
    page = np.asarray(image)
    (circle,) = black_seals(page, px.shrunk(page, THUMB_STEP), DPI)
    assert (circle.x, circle.y, circle.radius) == pytest.approx((653, 751, 146), abs=1)


def box(left: float, top: float, right: float, bottom: float) -> Box:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def test_only_what_lies_within_a_seal_and_is_said_by_it_goes() -> None:
    seal, circle = Seal(f"{NAME} {PURPOSE}", 0.9, box(0, 0, 300, 300), "round"), Circle(150, 150, 150)
    part, star = Line("置业有限", box(100, 20, 200, 60), 0.9), Line("食", box(120, 120, 180, 180), 0.8)
    under = Line("建筑面积", box(60, 130, 240, 170), 0.99)
    across = Line("出卖人：武汉泰禹置业有限公司", box(0, 130, 900, 170), 0.99)
    short = Line("合格", box(120, 130, 180, 170), 0.99)
    ring = Line("武汉泰禹", ((20, 190), (-10, 150), (150, -20), (190, 20)), 0.95)  # its corners lie outside the rim
    printed = Line(NAME, box(10, 130, 290, 170), 0.99)  # over the middle, where no seal has its name
    lines = [part, star, short, under, across, ring, printed]
    assert without_sayings(lines, [(circle, seal)]) == (short, under, across, printed)
