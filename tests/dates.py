"""Days as Chinese paper writes them, for tests and for the benchmark: every form of a day, also of one in no calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

FORMAL, PLAIN = "零壹贰叁肆伍陆柒捌玖", "〇一二三四五六七八九"
IMPOSSIBLE = ((2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31), (13, 1), (1, 32), (2, 29))
COMMON_YEARS = (1951, 1999, 2001, 2023, 2100)
"""Years without a 29 February."""
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def forms(year: int, month: int, day: int) -> list[str]:
    plain = "".join(PLAIN[int(digit)] for digit in str(year))
    formal = "".join(FORMAL[int(digit)] for digit in str(year))
    in_han = f"{_counted(month, PLAIN, '十', one=False)}月{_counted(day, PLAIN, '十', one=False)}日"
    in_capitals = (_counted(month, FORMAL, "拾", one=True), _counted(day, FORMAL, "拾", one=True))
    written = [
        f"{year}年{month}月{day}日", f"{year}年{month:02d}月{day:02d}日", f"{year} 年 {month} 月 {day} 日",
        f"{year}.{month}.{day}", f"{year}.{month:02d}.{day:02d}", f"{year}/{month:02d}/{day:02d}", f"{year}/{month}/{day}",
        f"{year}-{month:02d}-{day:02d}", f"{year}-{month}-{day}", f"{year}年{month}月{day}号",
        f"{year}年{month}月{day}日".translate(_WIDE), f"{year:04d}年{month:02d} 月{day:02d} 日",
        f"{plain}年{in_han}", f"{plain.replace('〇', '零')}年{in_han}", f"{plain.replace('〇', '○')}年{in_han}",
        f"{year}年{in_han}",
        f"{formal}年{in_capitals[0]}月{in_capitals[1]}日", f"{formal}年零{in_capitals[0]}月零{in_capitals[1]}日",
    ]  # fmt: skip
    if 20 < day < 30:  # 廿一日
        written.append(f"{plain}年{in_han.replace('月二十', '月廿')}")
    if month == 1:
        written.append(f"{plain}年元月{_counted(day, PLAIN, '十', one=False)}日")
    return written


def drawn(seed: int, count: int) -> Iterator[date]:
    """So many days of this and the last century."""
    rng = Random(seed)
    for _ in range(count):
        yield date(1950, 1, 1) + timedelta(days=rng.randrange(36_000))


def _counted(number: int, digits: str, ten: str, *, one: bool) -> str:
    tens, ones = divmod(number, 10)
    head = "" if not tens else (digits[tens] if tens > 1 or one else "") + ten
    return head + (digits[ones] if ones or not tens else "")
