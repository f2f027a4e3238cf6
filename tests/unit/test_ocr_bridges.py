"""Two pieces of a line with writing between them are read as one; two cells of a form are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from services.kernel.paper import EngineInfo, Line
from services.ocr.bridges import bridged
from services.ocr.pixels import Pixels

HIGH = 40


def line(text: str, left: float, confidence: float = 0.99, top: float = 300) -> Line:
    right = left + HIGH * len(text)
    return Line(text, ((left, top), (right, top), (right, top + HIGH), (left, top + HIGH)), confidence, confidence)


LEFT, RIGHT = line("出卖人：武汉", 100), line("公司", 700)
WHOLE = "出卖人：武汉泰禹置业有限公司"


def page(*, ink: bool = True, rule: bool = False) -> Pixels:
    grey = np.full((800, 1000), 255, np.uint8)
    if ink:
        grey[305:335:5, 345:695] = 0
    if rule:
        grey[100:600, 500:504] = 0
    return grey


@dataclass
class Reader:
    """Reads whatever it is asked for as one text, and keeps the boxes."""

    text: str
    confidence: float = 0.95
    weakest: float = 0.6
    asked: list[Line] = field(default_factory=list)
    info: EngineInfo = field(default_factory=lambda: EngineInfo("told", "1", "none"))

    def reread(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        self.asked += lines
        return [Line(self.text, one.box, self.confidence, self.weakest) for one in lines]

    def read(self, pixels: Pixels, dpi: float = 200.0) -> list[Line]:
        raise AssertionError("nothing is looked for again")

    def read_strip(self, pixels: Pixels) -> Line | None:
        raise AssertionError("nothing is looked for again")


def texts(reader: Reader, lines: Sequence[Line], grey: Pixels) -> list[str]:
    return [one.text for one in bridged(lines, grey, grey, reader)]


def test_two_pieces_with_writing_between_them_are_one() -> None:
    reader, below = Reader(WHOLE), line("签订日期", 100, top=500)
    done = bridged([RIGHT, below, LEFT], page(), page(), reader)
    assert [one.text for one in done] == [WHOLE, "签订日期"]
    assert (done[0].box[0], done[0].box[2]) == (LEFT.box[0], RIGHT.box[2])


def test_a_scrap_between_them_is_a_part_of_it_and_a_surer_line_is_not() -> None:
    assert texts(Reader(WHOLE), [LEFT, line("5", 500, 0.6), RIGHT], page()) == [WHOLE]
    assert WHOLE not in texts(Reader(WHOLE), [LEFT, line("天津澜湾", 420, top=310), RIGHT], page())


@pytest.mark.parametrize(("ink", "rule"), [(False, False), (True, True)])
def test_without_writing_between_them_or_with_a_rule_nothing_is_read(ink: bool, rule: bool) -> None:
    reader = Reader(WHOLE)
    assert texts(reader, [LEFT, RIGHT], page(ink=ink, rule=rule)) == [LEFT.text, RIGHT.text]
    assert reader.asked == []


@pytest.mark.parametrize(
    "reader",
    [
        Reader(WHOLE, confidence=0.8),
        Reader(WHOLE, weakest=0.2),
        Reader("出卖人：武汉公司"),  # nothing between them
        Reader("买受人是北京泰禹置业有限公司"),  # not the same on the left
        Reader("出卖人：武汉泰禹置业中心"),  # nor on the right
    ],
)
def test_what_is_unsure_or_not_the_same_changes_nothing(reader: Reader) -> None:
    assert texts(reader, [LEFT, RIGHT], page()) == [LEFT.text, RIGHT.text]
    assert len(reader.asked) == 1
