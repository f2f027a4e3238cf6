"""Doubted characters are read again with their neighbours, by the stronger reader."""

import numpy as np
import pytest

from services.ocr.engines.closer import doubted, put_right
from services.ocr.engines.strips import Reading


def reading(text: str, unsure: dict[str, float] | None = None, sure: float = 0.99) -> Reading:
    best = tuple((unsure or {}).get(sign, sure) for sign in text)
    return Reading(text, best, tuple((index + 0.5) / len(text) for index in range(len(text))), best)


def test_a_doubted_character_is_looked_at_with_three_neighbours_on_either_side() -> None:
    (look,) = doubted(reading("出租人有权解除本合同", {"解": 0.7}))
    assert (look.first, look.last) == (5, 6)
    assert (look.start, look.end) == (pytest.approx(0.2), pytest.approx(0.9))
    assert look.part(np.zeros((48, 480), np.uint8)).shape == (48, 336)


@pytest.mark.parametrize(
    ("text", "unsure", "places"),
    [
        ("出租人有权", {}, []),
        ("（签字）：", {"（": 0.6, "：": 0.55}, []),  # doubted often, and means little
        ("（签字）：", {"）": 0.4}, [(3, 4)]),
        ("买受人吕欣芳", {"吕": 0.8, "欣": 0.85}, [(3, 5)]),  # what stands together is one look
        ("甲乙丙丁戊己庚辛壬癸", dict.fromkeys("甲丙戊庚壬", 0.7), []),  # no print
        ("甲乙丙丁戊己庚", dict.fromkeys("甲丁庚", 0.7), [(6, 7), (3, 4), (0, 1)]),  # from the end to the beginning
    ],
)
def test_what_is_looked_at(text: str, unsure: dict[str, float], places: list[tuple[int, int]]) -> None:
    assert [(look.first, look.last) for look in doubted(reading(text, unsure))] == places


@pytest.mark.parametrize(
    ("text", "doubt", "again", "right"),
    [
        ("纳税人识剔号", "剔", "税人识别号", "纳税人识别号"),
        ("北京市朝那阳区", "那", "京市朝阳区", "北京市朝阳区"),  # there was none
        ("上宫辉华", "宫", "上官辉华", "上官辉华"),
        ("名称上宫", "宫", "称上官", "名称上官"),
        ("套内建积", "内", "套內外建积", "套內外建积"),
        ("合同编号:XS", "X", "编号：XS", "合同编号:XS"),  # widths are folded
        ("纳税人识剔号", "剔", "税人只别号", "纳税人识剔号"),  # not the same neighbours
        ("纳税人识剔号", "剔", "", "纳税人识剔号"),
    ],
)
def test_it_counts_where_it_has_the_same_neighbours(text: str, doubt: str, again: str, right: str) -> None:
    first = reading(text, {doubt: 0.7})
    (look,) = doubted(first)
    done = put_right(first, look, reading(again))
    assert done.text == right
    assert len(done.sure) == len(done.seen) == len(done.best) == len(right)
    assert list(done.seen) == sorted(done.seen)


def test_it_does_not_count_where_it_doubts_more() -> None:
    first = reading("纳税人识剔号", {"剔": 0.7})
    (look,) = doubted(first)
    assert put_right(first, look, reading("税人识别号", {"别": 0.6})) is first
    assert put_right(first, look, reading("税人识别号", {"别": 0.8})).best[4] == 0.8


def test_several_looks_at_one_line_do_not_disturb_each_other() -> None:
    first = reading("北京市朝那阳区梧桐巷六号", {"那": 0.7, "巷": 0.8})
    late, early = doubted(first)
    done = put_right(put_right(first, late, reading("区梧桐巷道六号")), early, reading("京市朝阳区"))
    assert done.text == "北京市朝阳区梧桐巷道六号"
