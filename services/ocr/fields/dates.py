"""Dates as Chinese paper writes them, to ISO 8601. A date that the calendar does not have is refused, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

FIRST_YEAR, LAST_YEAR = 1850, 2199  # from the oldest deed to the last day of a 70-year land right granted today
FOREVER = "长期"

_NUMERALS = {
    letter: value
    for value, letters in enumerate(
        ("零〇○Oo0", "一壹元", "二贰貳", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for letter in letters
}
_HAN_DIGIT = "零〇○Oo0一壹二贰貳三叁參四肆五伍六陆陸七柒八捌九玖"
_TEN = "十拾"
_HAN_DATE = re.compile(
    rf"(?P<year>(?:[{_HAN_DIGIT}]\s*){{4}}|(?<![\d.])[12]\d{{3}}\s*)年\s*(?P<month>[{_HAN_DIGIT}{_TEN}元]{{1,4}})\s*月\s*"
    rf"(?P<day>[{_HAN_DIGIT}{_TEN}廿卅]{{1,4}})\s*[日号]"
)
_YEAR = r"(?<![\d.])(?P<year>[12]\s?\d\s?\d\s?\d)"
_HAN_MARKS = re.compile(rf"{_YEAR}\s*年\s*(?P<month>[01]?\s?\d)\s*月\s*(?P<day>[0-3]?\s?\d)\s*(?:日|号|(?![\d\s]))")
_SEPARATED = re.compile(
    r"(?<![\dA-Za-z./-])(?P<year>[12]\d{3})\s?(?P<sign>[./-])\s?(?P<month>[01]?\d)\s?(?P=sign)\s?(?P<day>[0-3]?\d)(?!\d)"
)
_SPAN_END = re.compile(r"(?<=[\d]-)(?P<year>[12]\d{3})(?P<sign>[./])(?P<month>[01]?\d)(?P=sign)(?P<day>[0-3]?\d)(?!\d)")
_BARE = re.compile(r"(?P<year>[12]\d{3})(?P<month>[01]\d)(?P<day>[0-3]\d)")


@dataclass(frozen=True, slots=True)
class Found:
    """An ISO 8601 date at ``[start, end)`` of the text."""

    iso: str
    start: int
    end: int


def find_dates(text: str) -> Iterator[Found]:
    """Every possible date in folded text, left to right: 2023年3月1日, 二〇二三年三月一日, 贰零贰叁年叁月零壹日, 2023.3.1,
    2023/03/01, 2023-03-01, with spaces inside; and 20230301 where that is all there is.
    """
    found = [
        Found(iso, match.start(), match.end())
        for pattern in (_HAN_MARKS, _HAN_DATE, _SEPARATED, _SPAN_END)
        for match in pattern.finditer(text)
        if (iso := _iso(match)) is not None
    ]
    bare = _BARE.fullmatch(text.strip())
    if bare and (iso := _iso(bare)):
        found.append(Found(iso, 0, len(text)))
    end = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start >= end:
            yield one
            end = one.end


def impossible(text: str) -> Iterator[tuple[int, int]]:
    """Where something is written as a date that the calendar does not have: 2023年2月30日."""
    for pattern in (_HAN_MARKS, _HAN_DATE, _SEPARATED):
        yield from (match.span() for match in pattern.finditer(text) if _iso(match) is None)


def _iso(match: re.Match[str]) -> str | None:
    year, month, day = (_number(match[name]) for name in ("year", "month", "day"))
    if year is None or month is None or day is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _number(text: str) -> int | None:
    """``2023``, ``二〇二三`` (digit by digit), ``十二``, ``贰拾叁``, ``零壹``, ``廿一`` → int."""
    compact = re.sub(r"\s", "", text)
    if compact.isascii() and compact.isdigit():
        return int(compact)
    compact = compact.replace("廿", "二十").replace("卅", "三十")
    tens = re.fullmatch(rf"[零〇○0]?([{_HAN_DIGIT}]?)[{_TEN}]([{_HAN_DIGIT}]?)", compact)
    if tens:
        return (_NUMERALS[tens[1]] if tens[1] else 1) * 10 + (_NUMERALS[tens[2]] if tens[2] else 0)
    if any(letter not in _NUMERALS for letter in compact):
        return None
    return int("".join(str(_NUMERALS[letter]) for letter in compact))
