"""Sums in figures and in capitals; vectors of rules.md §2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ocr.fields import parsers
from services.ocr.fields.money import find_figures, find_words, words_to_cents, yuan
from services.ocr.fields.text import fold

DIGITS = "零壹贰叁肆伍陆柒捌玖"


def section_words(number: int) -> str:
    """0…9999 in capitals with 零 where places are skipped, without regard for what stands before."""
    words, skipped = "", False
    for unit, name in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            words += ("零" if skipped and words else "") + DIGITS[digit] + name
        skipped = not digit
    return words


def capitals(cents: int) -> str:
    """A writer of our own, after 支付结算办法 annex 1, so that the reader is not tested against a relative."""
    whole, small = divmod(cents, 100)
    words = ""
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        section, whole = divmod(whole, unit)
        if section:
            words += ("零" if words and section < 1000 else "") + section_words(section) + name
    words = words + "元" if words else ""
    jiao, fen = divmod(small, 10)
    if not small:
        return (words or "零元") + "整"
    tail = (DIGITS[jiao] + "角" if jiao else "零" if words else "") + (DIGITS[fen] + "分" if fen else "")
    return words + tail


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("壹万陆仟肆佰零玖元零贰分", "16409.02"),
        ("叁佰贰拾伍元零肆分", "325.04"),
        ("壹万陆仟肆佰玖元贰分", "16409.02"),
        ("壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分", "1234567.89"),
        ("壹佰贰拾叁万元整", "1230000.00"),
        ("壹佰贰拾叁万圆正", "1230000.00"),
        ("壹佰贰拾叁萬圓整", "1230000.00"),
        ("貳拾參萬陸仟元整", "236000.00"),
        ("拾万元整", "100000.00"),
        ("壹拾万零伍佰元整", "100500.00"),
        ("壹亿零伍佰万元整", "105000000.00"),
        ("壹万亿元整", "1000000000000.00"),
        ("零元伍角", "0.50"),
        ("伍角整", "0.50"),
        ("柒分", "0.07"),
        ("一百二十万元整", "1200000.00"),
        ("壹 佰 贰 拾 万 元 整", "1200000.00"),
        ("贰佰玖拾万叁仟陆佰零柒元整", "2903607.00"),
        ("零佰零拾壹万贰仟零佰零拾零元零角零分", "12000.00"),
        ("叁万整", "30000.00"),
    ],
)
def test_capitals_are_read(words: str, value: str) -> None:
    cents = words_to_cents(fold(words))
    assert cents is not None and yuan(cents) == value


@pytest.mark.parametrize(
    "words",
    [
        "佰拾万元",
        "壹贰佰元整",
        "壹佰贰仟元整",
        "壹拾佰元整",
        "十三万六",
        "壹亿贰亿元",
        "",
        "元整",
        "壹元贰分叁角",
        "壹万任元整",
        "佰元整",
    ],
)
def test_what_is_not_one_sum_is_refused(words: str) -> None:
    assert words_to_cents(words) is None


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_what_is_written_is_read_back(cents: int) -> None:
    assert words_to_cents(capitals(cents)) == cents


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_optional_zeros_and_spellings_change_nothing(cents: int) -> None:
    words = capitals(cents)
    if words.startswith("零"):
        return
    assert words_to_cents(words.replace("零", "")) == cents
    assert words_to_cents(words.replace("元", "圆").replace("整", "正")) == cents


@given(st.integers(min_value=0, max_value=10**13))
def test_figures_are_read_back(cents: int) -> None:
    whole, small = divmod(cents, 100)
    for text in (f"¥{whole:,}.{small:02d}", f"{whole}.{small:02d}元", f"人民币{whole:,}.{small:02d}元整"):
        assert [one.cents for one in find_figures(text)][:1] == [cents]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("￥1，234，567．89", "1234567.89"),
        ("¥ 1 234 567.00", "1234567.00"),
        ("人民币128.5万元", "1285000.00"),
        ("1.2345亿元", "123450000.00"),
        ("35万", "350000.00"),
        ("1,234.567.00元", "1234567.00"),
        ("1.234.567,89元", "1234567.89"),
        ("2000元", "2000.00"),
        ("RMB 8,800.00", "8800.00"),
        ("0.5元", "0.50"),
    ],
)
def test_figures_in_their_many_forms(text: str, value: str) -> None:
    assert [yuan(one.cents) for one in find_figures(fold(text))] == [value]


@pytest.mark.parametrize("text", ["1.234元", "12,34,56元", "0.001元", "HT-2023-001"])
def test_figures_that_are_no_sum_are_passed_over(text: str) -> None:
    assert [one for one in find_figures(text) if one.marked] == []


def test_words_are_found_inside_a_sentence() -> None:
    text = "总价款为人民币16,409.02元(大写:壹万陆仟肆佰零玖元零贰分)。"
    (found,) = find_words(text)
    assert text[found.start : found.end] == "壹万陆仟肆佰零玖元零贰分"


@pytest.mark.parametrize(
    "printed", ["伍万壹仟贰佰参拾柒元贰角捌分", "伍万壹仟贰佰參拾柒圓贰角捌分", "伍万壹仟贰佰叁拾柒元贰角捌分"]
)
def test_three_is_written_in_one_way(printed: str) -> None:
    (one,) = parsers.words(fold(printed), "大写")
    assert (one.value, one.check) == ("伍万壹仟贰佰叁拾柒元贰角捌分", "ok")
