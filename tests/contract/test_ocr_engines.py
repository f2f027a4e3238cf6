"""One suite for every engine behind the port."""

from __future__ import annotations

import socket
from difflib import SequenceMatcher
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.kernel.errors import InvalidInput
from services.ocr.engines import Engine, load_engine, load_orientation
from services.ocr.engines.rapid import load_rapid
from services.ocr.text import tidy

FONT = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
LINES = (
    "商品房买卖合同",
    "出卖人：青岛海天置业有限公司",
    "合同编号 YS2024000123",
    "建筑面积为八十九平方米",
    "签订日期：2024年3月15日",
)
LOADERS = {
    "rapid": lambda: load_engine("rapid"),
    "rapid small": lambda: load_rapid("small"),
    "rapid onnxruntime": lambda: load_rapid(backend="onnxruntime"),
    "tesseract": lambda: load_engine("tesseract"),
}


@cache
def loaded(name: str) -> Engine:
    return LOADERS[name]()


@pytest.fixture(params=LOADERS)
def engine(request: pytest.FixtureRequest) -> Engine:
    return loaded(request.param)


def sheet(texts: tuple[str, ...] = LINES) -> np.ndarray:
    image = Image.new("RGB", (1240, 900), "white")
    font = ImageFont.truetype(FONT, 40)
    for row, text in enumerate(texts):
        ImageDraw.Draw(image).text((120, 80 + 130 * row), text, font=font, fill=(20, 20, 20))
    return np.asarray(image)


def read(engine: Engine, pixels: np.ndarray) -> list[str]:
    lines = sorted(engine.read(pixels), key=lambda line: line.box[0][1])
    return [tidy(line.text).replace("：", ":").replace(" ", "") for line in lines]


def test_it_reads_chinese_latin_and_digits(engine: Engine) -> None:
    wanted = [line.replace("：", ":").replace(" ", "") for line in LINES]
    told = read(engine, sheet())
    if engine.info.name == "rapid":
        assert told == wanted
    assert SequenceMatcher(None, "\n".join(told), "\n".join(wanted)).ratio() > 0.9  # Tesseract misses one in ten


def test_grey_reads_as_colour_does(engine: Engine) -> None:
    assert read(engine, np.ascontiguousarray(sheet()[..., 0])) == read(engine, sheet())


def test_boxes_lie_on_their_lines_clockwise_from_top_left(engine: Engine) -> None:
    lines = sorted(engine.read(sheet()), key=lambda line: line.box[0][1])
    for row, line in enumerate(lines):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.box
        assert x0 < x1 and x3 < x2 and y0 < y3 and y1 < y2
        assert 90 <= x0 <= 130
        assert 80 + 130 * row < (y0 + y3) / 2 < 145 + 130 * row
        assert 0 < line.confidence <= 1
        assert all(isinstance(value, float) for point in line.box for value in point)


@pytest.mark.parametrize("shape", [(900, 1240), (900, 1240, 3), (40, 40), (12, 700), (1, 1)])
def test_a_picture_without_text_gives_nothing(engine: Engine, shape: tuple[int, ...]) -> None:
    assert engine.read(np.full(shape, 255, np.uint8)) == []


def test_it_says_which_program_and_model_read(engine: Engine) -> None:
    assert engine.info.name in ("rapid", "tesseract")
    assert engine.info.version[0].isdigit()
    assert engine.info.model


def test_it_reads_twice_alike(engine: Engine) -> None:
    assert engine.read(sheet()) == engine.read(sheet())


def test_it_opens_no_connection(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("an engine opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert engine.read(sheet())
    if engine.info.name == "rapid":
        assert load_engine("rapid").read(sheet())


def test_auto_is_the_network_and_unknown_names_are_refused() -> None:
    assert load_engine("auto").info.name == "rapid"
    with pytest.raises(InvalidInput):
        load_engine("abbyy")


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_turn_that_makes_a_page_upright_is_found(turned: int) -> None:
    fed = np.ascontiguousarray(np.rot90(sheet(LINES * 1), -turned // 90))
    (turn, likelihood), *_ = load_orientation()(fed)
    assert turn == (360 - turned) % 360
    assert likelihood > 0.75
