"""Money and dates as they stand on Chinese paper: figures, 大写 words, and the several ways to write a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import cn2an

CHINESE_DIGITS = "〇一二三四五六七八九"
FORMAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"


def plain(amount: Decimal) -> str:
    """The normalised form: yuan with two decimals, no separators."""
    return f"{amount:.2f}"


def grouped(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def words(amount: Decimal) -> str:
    """The amount in words (大写), e.g. 16409.02 → 壹万陆仟肆佰零玖元零贰分 (支付结算办法, annex 1)."""
    return str(cn2an.an2cn(plain(amount), "rmb"))


def chinese_year(day: date) -> str:
    return "".join(CHINESE_DIGITS[int(c)] for c in f"{day.year}") + "年"


def chinese_day(day: date) -> str:
    """二〇二四年三月十五日."""
    return f"{chinese_year(day)}{_counted(day.month)}月{_counted(day.day)}日"


def _counted(number: int) -> str:
    tens, ones = divmod(number, 10)
    lead = "" if tens == 0 else ("" if tens == 1 else CHINESE_DIGITS[tens]) + "十"
    return lead + (CHINESE_DIGITS[ones] if ones or not tens else "")


def written(day: date, style: int = 0) -> str:
    """One of the usual ways to write a day; ``style`` is taken modulo their number."""
    ways = (
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y-%m-%d}",
        f"{day:%Y年%m月%d日}",
        f"{day:%Y.%m.%d}",
        f"{day:%Y/%m/%d}",
    )
    return ways[style % len(ways)]
