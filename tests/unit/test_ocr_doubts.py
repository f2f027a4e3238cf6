"""Lines that fail their own checks are read again, and the second reading counts where it fails less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from services.kernel.paper import EngineInfo, Line
from services.ocr.doubts import failures, settled
from services.ocr.pixels import Pixels

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
SHEET = np.full((10, 10), 255, np.uint8)


@dataclass
class Better:
    """Reads again what ``knows`` has, and leaves all else."""

    knows: dict[str, str]
    asked: list[str] = field(default_factory=list)
    info = EngineInfo("told", "1", "none")

    def read(self, pixels: Pixels, dpi: float = 200.0) -> list[Line]:
        return []

    def read_strip(self, pixels: Pixels) -> Line | None:
        return None

    def reread(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        self.asked += [line.text for line in lines]
        return [replace(line, text=self.knows.get(line.text, line.text), confidence=0.9) for line in lines]


def again(texts: list[str], knows: dict[str, str]) -> tuple[list[str], list[str]]:
    engine = Better(knows)
    lines = settled([Line(text, BOX, 0.99) for text in texts], SHEET, engine)
    return [line.text for line in lines], engine.asked


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("身份证号：11010519491231082X", "身份证号：11010519491231002X"),
        ("身份证号：1101051949123102X", "身份证号：11010519491231002X"),
        ("信用代码：91350100M000100Y4Z", "信用代码：91350100M000100Y43"),
        ("大写：壹万陆仟陆佰零玖玖元", "大写：壹万陆仟肆佰零玖元"),
        ("签订日期：2023年2月31日", "签订日期：2023年2月21日"),
        ("账号：6222020200012345678", "账号：6222020200012345670"),
    ],
)
def test_a_line_that_fails_its_check_is_read_again(read: str, right: str) -> None:
    assert failures(read) > 0
    assert failures(right) == 0
    assert again(["商品房买卖合同", read], {read: right}) == (["商品房买卖合同", right], [read])


@pytest.mark.parametrize(
    "text",
    ["身份证号：11010519491231002X", "统一社会信用代码：91350100M000100Y43", "合同编号：YS2024001", "电话：13812345678",
     "大写：壹万陆仟肆佰零玖元零贰分", "二〇二三年三月一日", "账号：31050161364000001234", "总价款为人民币1,680,000.00元"],
)  # fmt: skip
def test_what_passes_is_read_once(text: str) -> None:
    assert again([text], {text: "?"}) == ([text], [])


def test_a_second_reading_that_fails_as_well_does_not_count() -> None:
    wrong = "身份证号：11010519491231082X"
    assert again([wrong], {wrong: "身份证号：11010519491231882X"}) == ([wrong], [wrong])


def test_capitals_and_figures_that_differ_are_both_read_again() -> None:
    words, figures = "大写：壹万伍仟元整", "小写：￥16,000.00"
    assert again([words, figures], {words: "大写：壹万陆仟元整"})[0] == ["大写：壹万陆仟元整", figures]
    assert again([words, figures], {figures: "小写：￥15,000.00"})[0] == [words, "小写：￥15,000.00"]
    assert again([words, figures], {})[0] == [words, figures]
