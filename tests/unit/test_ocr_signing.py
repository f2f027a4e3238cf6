"""Where people sign: the stop behind the bracket is read, the strokes of a hand are not."""

import numpy as np
import pytest

from services.kernel.boxes import bounds
from services.kernel.paper import Line
from services.ocr.engines.endings import completed
from services.ocr.engines.strips import Reading
from services.ocr.engines.strokes import without_strokes

LYING = np.array([[[100, 100], [300, 100], [300, 140], [100, 140]]], np.float32)


def reading(text: str, sure: float = 0.9) -> Reading:
    return Reading(text, (sure,) * len(text), tuple(index / len(text) for index in range(len(text))), (sure,) * len(text))


def read_again(first: str, again: str, boxes: np.ndarray = LYING, sure: float = 0.9) -> tuple[str, float, int]:
    """The text in the end, how much longer its box is, and how many strips were read again."""
    asked: list[np.ndarray] = []

    def read(cuts: np.ndarray) -> list[Reading]:
        asked.extend(cuts)
        return [reading(again, sure)]

    (done,), after, _ = completed([reading(first)], boxes, boxes, read)
    return done.text, float((after - boxes).max()), len(asked)


@pytest.mark.parametrize(
    ("first", "again", "text"),
    [
        ("出卖人（签字）", "出卖人（签字）：", "出卖人（签字）："),
        ("出卖人（签字)", "出卖人（签字）：", "出卖人（签字）："),  # the bracket was read as narrow and is now wide
        ("（壹佰元整）", "（壹佰元整）。三", "（壹佰元整）。"),  # what comes behind the stop is another line's
        ("出卖人（签字）", "出卖人（签字）书", "出卖人（签字）"),  # a hand's strokes are no stop
        ("出卖人（签字）", "人（盖章）：", "出卖人（签字）"),  # not the same text
        ("出卖人（签字", "出卖人（签字）：书", "出卖人（签字）："),
        ("出卖人（签字", "出卖人（签字）", "出卖人（签字）"),
        ("出卖人（签字", "出卖人（签字：", "出卖人（签字"),  # a stop within a bracket is no end
    ],
)
def test_a_stop_behind_a_bracket_is_added_and_nothing_else(first: str, again: str, text: str) -> None:
    done, longer, asked = read_again(first, again)
    assert (done, asked) == (text, 1)
    assert longer == (pytest.approx((0.8 if first.endswith((")", "）")) else 1.6) * 40) if text != first else 0)


def test_an_unsure_stop_is_none() -> None:
    assert read_again("出卖人（签字）", "出卖人（签字）：", sure=0.4)[0] == "出卖人（签字）"


def test_only_lines_that_end_in_a_bracket_and_lie_are_read_again() -> None:
    upright = np.array([[[100, 100], [140, 100], [140, 300], [100, 300]]], np.float32)
    assert read_again("出卖人：", "出卖人：。")[2] == 0
    assert read_again("（签字）", "（签字）：", upright)[2] == 0
    assert completed([], np.zeros((0, 4, 2), np.float32), np.zeros((0, 4, 2), np.float32), lambda _: [])[0] == []


def line(text: str, left: float, confidence: float = 0.99, top: float = 100, high: float = 40) -> Line:
    right = left + 40 * len(text)
    return Line(text, ((left, top), (right, top), (right, top + high), (left, top + high)), confidence)


@pytest.mark.parametrize("label", ["出卖人（签字）：", "收款人:", "业主（签字）:", "承租方："])
def test_doubtful_scraps_behind_the_place_to_sign_are_no_text(label: str) -> None:
    printed = line(label, 100)
    end = bounds(printed.box)[2]
    stays = [
        printed,
        line("张伟", end + 60),
        line("张伟伟", end + 60, 0.6),
        line("五", end + 60, 0.6, top=300),
        line("五", 20, 0.6),
    ]
    assert without_strokes([*stays, line("对", end + 30, 0.6, top=80, high=90), line("Y)", end + 300, 0.69)]) == stays


def test_elsewhere_a_doubtful_character_is_text() -> None:
    lines = [line("共", 100, 0.56), line("3", 300), line("页", 500, 0.6), line("数量", 700), line("五", 900, 0.6)]
    assert without_strokes(lines) == lines
