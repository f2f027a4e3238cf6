"""Dates as paper writes them; what the calendar does not have is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ocr.fields.dates import find_dates
from services.ocr.fields.text import fold


def parse_date(text: str) -> str | None:
    return next((one.iso for one in find_dates(text)), None)


@pytest.mark.parametrize(
    "text",
    [
        "2023年3月1日", "2023年03月01日", "二〇二三年三月一日", "二○二三年三月一日", "二零二三年三月一日",
        "二O二三年三月一日", "贰零贰叁年叁月零壹日",
        "2023.3.1", "2023/03/01", "2023-03-01", "2023 年 3 月 1 日", "2 0 2 3年3月1日", "２０２３年３月１日",
        "2023－03－01", "2023. 03. 01",
        "签订日期：2023年3月1日", "20230301", "2023年3月1号", "于2023-3-1签订",
    ],
)  # fmt: skip
def test_one_day_in_its_many_forms(text: str) -> None:
    assert parse_date(fold(text)) == "2023-03-01"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("二〇二四年十二月三十一日", "2024-12-31"),
        ("二〇二四年二月二十九日", "2024-02-29"),
        ("贰零贰肆年壹拾贰月贰拾叁日", "2024-12-23"),
        ("二〇一九年十月廿一日", "2019-10-21"),
        ("二〇一九年一月十日", "2019-01-10"),
        ("1949年10月1日", "1949-10-01"),
        ("2085年11月30日", "2085-11-30"),
    ],
)
def test_further_days(text: str, iso: str) -> None:
    assert parse_date(text) == iso


@pytest.mark.parametrize(
    "text",
    ["2023年2月29日", "2023年13月1日", "2023.4.31", "2023/00/10", "2023-01-00", "年 月 日", "2023年3月",
     "20231301", "二〇二三年二月三十日", "3023年1月1日",
     "电话13800138000", "HT-2023-03-01x2", "1.2.3"],
)  # fmt: skip
def test_no_day_is_made_up(text: str) -> None:
    assert parse_date(text) is None


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2150, 12, 31)), st.sampled_from(range(6)))
def test_every_day_of_the_calendar_is_read(day: date, style: int) -> None:
    ways = (
        f"{day.year}年{day.month}月{day.day}日", f"{day:%Y-%m-%d}", f"{day:%Y.%m.%d}", f"{day:%Y/%m/%d}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year} 年 {day.month} 月 {day.day} 日",
    )  # fmt: skip
    assert parse_date(ways[style]) == day.isoformat()


@given(st.integers(1900, 2150), st.integers(0, 19), st.integers(0, 39), st.sampled_from(["年", ".", "/", "-"]))
def test_impossible_days_are_refused(year: int, month: int, day: int, sign: str) -> None:
    text = f"{year}年{month}月{day}日" if sign == "年" else f"{year}{sign}{month}{sign}{day}"
    try:
        expected: str | None = date(year, month, day).isoformat()
    except ValueError:
        expected = None
    assert parse_date(text) == expected


def test_a_period_gives_both_its_ends() -> None:
    assert [one.iso for one in find_dates("2015.03.02-2035.03.02")] == ["2015-03-02", "2035-03-02"]
    assert [one.iso for one in find_dates("自2023年3月1日起至2026年2月28日止")] == ["2023-03-01", "2026-02-28"]
