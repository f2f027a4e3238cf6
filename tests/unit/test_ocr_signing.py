"""Where people sign: the stop behind the bracket is read, the strokes of a hand are not."""

from dataclasses import replace

import numpy as np
import pytest

from services.kernel.boxes import bounds
from services.kernel.paper import Line
from services.ocr.engines.endings import completed
from services.ocr.engines.heights import as_print
from services.ocr.engines.strips import Reading
from services.ocr.engines.strokes import unsigned, without_strokes

PAPER = np.full((40, 200), 250, np.uint8)
LYING = np.array([[[100, 100], [300, 100], [300, 140], [100, 140]]], np.float32)


def reading(text: str, sure: float = 0.9) -> Reading:
    return Reading(text, (sure,) * len(text), tuple(index / len(text) for index in range(len(text))), (sure,) * len(text))


def read_again(first: str, again: str, boxes: np.ndarray = LYING, sure: float = 0.9) -> tuple[str, float, int]:
    """The text in the end, how much longer its box is, and how many strips were read again."""
    asked: list[np.ndarray] = []

    def strips_of(cuts: np.ndarray) -> list[np.ndarray]:
        asked.extend(cuts)
        return [PAPER] * len(cuts)

    (done,), after, _ = completed([reading(first)], boxes, boxes, strips_of, lambda strips: [reading(again, sure)])
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
    none = np.zeros((0, 4, 2), np.float32)
    assert completed([], none, none, lambda _: [], lambda _: [])[0] == []


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
        line("张伟伟", end + 60, 0.98),
        line("五", end + 60, 0.6, top=300),
        line("五", 20, 0.6),
    ]
    strokes = [line("对", end + 30, 0.6, top=80, high=90), line("Y)", end + 300, 0.69)]
    assert without_strokes([*stays, *strokes], lambda asked: asked) == stays


@pytest.mark.parametrize(("again", "stays"), [("旷世与", True), ("矿世杰", True), ("〆了", False), ("", False)])
def test_what_stands_where_people_sign_is_text_where_a_second_reader_sees_something_like_it(again: str, stays: bool) -> None:
    printed = line("承租人（签字）：", 100)
    doubted = line("旷世与", bounds(printed.box)[2] + 60, 0.9)
    left = without_strokes([printed, doubted], lambda asked: [replace(each, text=again) for each in asked])
    assert left == ([printed, doubted] if stays else [printed])


@pytest.mark.parametrize(
    ("text", "again", "left"),
    [
        ("承租人（签字）：Z4之", "承租人（签字）：乙", "承租人（签字）："),
        ("收款人：张伟", "收款人:张韦", "收款人：张伟"),
        ("收款人：天成不", "收款人：", "收款人："),
        ("出租人（签字）く", "出租人（签字）く", "出租人（签字）"),  # kana are on no form
        ("出租人（签字）光业", "出租人（签字）", "出租人（签字）"),
        ("总价款：天成不", "总价款：", "总价款：天成不"),  # nobody signs there
    ],
)
def test_a_doubtful_end_of_a_line_stays_where_a_second_reader_sees_something_like_it(text: str, again: str, left: str) -> None:
    (one,) = unsigned([reading(text)], lambda which: [reading(again)])
    assert one.text == left


def test_a_sure_end_of_a_line_is_not_asked_about() -> None:
    (one,) = unsigned([reading("收款人：张伟", 0.98)], lambda which: pytest.fail("it is print"))
    assert one.text == "收款人：张伟"


def signed(first: str, ink: bool) -> Reading:
    """What comes of a line that ends in ``first``, with strokes or with paper behind it."""
    size = 40

    def strips_of(cuts: np.ndarray) -> list[np.ndarray]:
        strip = np.full((size, round(float(cuts[0, 1, 0]))), 250, np.uint8)
        strip[10:30, : size * len(first) - 20 : 4] = 20
        if ink:
            strip[15:25, size * len(first) - 10 :: 3] = 20
        return [strip]

    box = np.array([[[0, 0], [size * len(first), 0], [size * len(first), size], [0, size]]], np.float32)
    middles = tuple((index + 0.5) / len(first) for index in range(len(first)))
    one = Reading(first, (0.99,) * len(first), middles, (0.99,) * len(first))
    (done,), _, _ = completed([one], box, box, strips_of, lambda strips: [reading(first)])
    return done


@pytest.mark.parametrize("first", ["出卖人（盖章）", "出卖人（盖章", "买受人（签字）"])
def test_a_colon_that_a_hand_or_a_seal_lies_over_is_added_and_doubted(first: str) -> None:
    done = signed(first, ink=True)
    assert done.text == f"{first.rstrip('）')}）："
    assert done.sure[-1] == 0.5 and len(done.seen) == len(done.best) == len(done.text)


def test_nothing_is_added_where_there_is_but_paper_or_nobody_signs() -> None:
    assert signed("出卖人（盖章）", ink=False).text == "出卖人（盖章）"
    assert signed("房屋（住宅）", ink=True).text == "房屋（住宅）"


def test_a_box_that_strokes_made_higher_is_as_high_as_its_print() -> None:
    strip = np.full((80, 400), 250, np.uint8)
    strip[30:55, 20:240:3] = 20  # print
    strip[5:78, 260:390:9] = 20  # a hand
    box = np.array([[[100, 100], [500, 100], [500, 180], [100, 180]]], np.float32)
    one = Reading("业主（签字）：", (0.9,) * 7, tuple(0.08 * index for index in range(1, 8)), (0.9,) * 7)
    boxes, cuts = as_print([one], box, box, lambda cuts: [strip] * len(cuts))
    assert boxes.tolist() == cuts.tolist() == [[[100, 127], [500, 127], [500, 158], [100, 158]]]
    assert as_print([replace(one, text="业主 (签字) :")], box, box, lambda cuts: [strip] * len(cuts))[0][0, 0, 1] == 127
    other = replace(one, text="建筑面积二十")
    assert as_print([other], box, box, lambda cuts: [strip] * len(cuts))[0] is box


def test_elsewhere_a_doubtful_character_is_text() -> None:
    lines = [line("共", 100, 0.56), line("3", 300), line("页", 500, 0.6), line("数量", 700), line("五", 900, 0.6)]
    assert without_strokes(lines, lambda asked: pytest.fail("nobody signs there")) == lines
