"""Strips to text: who is believed, and what a hand wrote behind print."""

import numpy as np
import pytest

from services.ocr.engines.rapid import surer
from services.ocr.engines.strips import Reading, StripReader
from services.ocr.engines.widening import from_top_left, widened


def reading(text: str, *sure: float) -> Reading:
    return Reading(text, sure if len(sure) == len(text) else sure * len(text))


@pytest.mark.parametrize(
    ("text", "hand"),
    [
        ("收款人：风8", 0.3),
        ("买受人（签字)：p吧", 0.4),
        ("乙方（签字）之", 0.6),
        ("买受人（签字）：√)", 0.9),
        ("收款人：Y)", 0.95),
    ],
)
def test_strokes_of_a_hand_behind_print_are_no_text(text: str, hand: float) -> None:
    tail = 1 if text.endswith("之") else 2
    mixed = Reading(text, (*[0.99] * (len(text) - tail), *[hand] * tail))
    assert mixed.printed().text == text[:-tail]
    assert len(mixed.printed().sure) == len(text) - tail


def test_what_is_printed_behind_a_colon_stays() -> None:
    assert reading("经办人：卢超华", 0.9).printed().text == "经办人：卢超华"
    assert reading("经办人：A12", 0.98).printed().text == "经办人：A12"  # no Han where people sign, but as sure as print is
    assert reading("金额合计玖元", 0.3).printed().text == "金额合计玖元"  # doubtful, but behind no colon


def test_the_second_reader_is_believed_where_its_weakest_character_is_surer() -> None:
    first, better, worse = reading("92,23", 0.9, 0.9, 0.4, 0.9, 0.9), reading("92.23", 0.8), reading("9223", 0.3)
    assert surer(first, better).text == "92.23"
    assert surer(first, worse).text == "92,23"
    assert surer(first, Reading("", ())).text == ""  # strokes that only the smaller model takes for print


def columns(*signs: str) -> np.ndarray:
    """What a network says that is sure by 0.9 of a digit, then of nothing."""
    likely = np.full((1, 2 * len(signs), 11), 0.01, np.float32)
    likely[0, range(0, 2 * len(signs), 2), ["0123456789".index(sign) + 1 for sign in signs]] = 0.9
    likely[0, 1::2, 0] = 0.9
    return likely


def test_equal_signs_in_neighbouring_columns_are_one_character() -> None:
    said = columns("1", "1", "2")  # a one, nothing, a one, nothing, a two, nothing
    said[0, 1] = said[0, 0]  # … now a one in three columns
    read = StripReader(lambda _: said, "0123456789").read([np.zeros((48, 128), np.uint8)])
    sure, seen = pytest.approx((0.9, 0.9)), pytest.approx((0.5 / 6, 4.5 / 6))
    assert read == [Reading("12", sure, seen, sure)]


def test_strips_of_any_width_come_back_in_their_order() -> None:
    reader = StripReader(lambda strip: columns(*str(strip.shape[1])), "0123456789")
    strips = [np.zeros((48, width), np.uint8) for width in (300, 20, 310, 1000, 90, 305, 318, 319)]
    assert [one.text for one in reader.read(strips)] == ["320", "128", "320", "1024", "128", "320", "320", "320"]
    assert reader.read([]) == []


def box(left: float, right: float, top: float = 0.0) -> list[list[float]]:
    return [[left, top], [right, top], [right, top + 40], [left, top + 40]]


def test_a_line_is_widened_where_nothing_stands_beside_it() -> None:
    boxes = np.array([box(100, 300), box(305, 500), box(490, 700), box(100, 700, 60)], np.float32)
    wide = widened(boxes, 0.25)
    assert wide[:, 0, 0].tolist() == [90, 302.5, 490, 90]
    assert wide[:, 1, 0].tolist() == [302.5, 500, 710, 710]
    assert (wide[..., 1] == boxes[..., 1]).all()


def test_what_is_higher_than_wide_keeps_its_box() -> None:
    upright = np.array([[[10, 0], [40, 0], [40, 200], [10, 200]]], np.float32)
    assert (widened(upright, 0.25) == upright).all()
    assert widened(np.empty((0, 4, 2), np.float32), 0.25).shape == (0, 4, 2)


def test_a_long_column_that_leans_begins_at_its_top() -> None:
    """Its lower corners lie left of both upper ones, so a finder calls them the left side."""
    upright = np.array([[[172, 0], [232, 3], [160, 1373], [100, 1370]]], np.float32)
    assert (from_top_left(np.roll(upright, 1, axis=1)) == upright).all()
    level = np.array([box(100, 300)], np.float32)
    assert (from_top_left(level) == level).all()
    assert from_top_left(np.empty((0, 4, 2), np.float32)).shape == (0, 4, 2)
