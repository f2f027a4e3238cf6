"""Sums of money in figures and in financial capitals (大写金额). Whole cents inside, decimal strings in yuan outside.

The capitals are read here and not by ``cn2an``: it refuses 壹万陆仟肆佰零玖元零贰分 and 叁佰贰拾伍元零肆分, the very vectors of
rules.md §2, goes through binary floats, and in its lenient mode reads 十三万六 as 136000, so that one lost character
would pass as a good sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DIGITS = {
    letter: value
    for value, letters in enumerate(
        ("零〇○", "一壹壱", "二贰貳两兩弐", "三叁參参叄", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for letter in letters
}
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = (("亿億", 10**8), ("万萬", 10**4))
_ENDS = "整正"
# Seen in readings of stamped and faxed sheets; none of the left ones is ever part of a sum.
_LOOKS_LIKE = str.maketrans("任什值伯抬给染柴玫致肄建豪壶贡武伟捌扒雷園", "仟仟佰佰拾拾柒柒玖玖肆肆壹壹贰贰伍捌捌零元")
_USUAL = str.maketrans("参參叄", "叁叁叁")
_LETTERS = "".join((*_DIGITS, *_SMALL, *(letters for letters, _ in _LARGE)))
WORDS_LETTER = re.compile(rf"[{_LETTERS}元角分{_ENDS}]")
_WORDS = re.compile(rf"[{_LETTERS}][{_LETTERS}\s]*(?:元[{_LETTERS}\s角分{_ENDS}]*|[角分][{_LETTERS}\s角分{_ENDS}]*|[{_ENDS}])")
_FIGURES = re.compile(
    r"(?P<mark>(?:人民币|RMB|CNY)?\s*[¥Y]?)\s*(?<![\d.,A-Za-z-])(?P<number>\d(?:[\d,.、']|\s(?=\d{3}(?!\d)))*)\s*(?P<scale>百万|[万亿千])?\s*(?P<unit>元|yuan)?",
    re.IGNORECASE,
)
_SCALES = {None: 1, "千": 1000, "万": 10**4, "百万": 10**6, "亿": 10**8}


@dataclass(frozen=True, slots=True)
class Sum:
    """``cents`` found at ``[start, end)`` of the text; ``marked`` when ¥, 人民币 or 元 said that it is money."""

    cents: int
    start: int
    end: int
    marked: bool


def yuan(cents: int) -> str:
    """``1640902`` → ``"16409.02"``: always two decimals, no separators."""
    return f"{cents // 100}.{cents % 100:02d}"


def find_figures(text: str) -> Iterator[Sum]:
    """Every sum in figures in folded text: ``¥1,234.50``, ``1 234 567.00元``, ``128.5万元``."""
    for match in _FIGURES.finditer(text):
        number = match["number"].rstrip(",.、' ")
        cents = _cents(number, _SCALES[match["scale"]])
        if cents is not None:
            marked = bool(match["mark"].strip()) or match["unit"] is not None
            end = match.end() if match["unit"] or match["scale"] else match.start("number") + len(number)
            yield Sum(cents, match.start(), end, marked)


def _cents(number: str, scale: int) -> int | None:
    """Groups of three are thousands whatever sign an engine saw between them; a last group of another length is the
    fraction. ``None`` where the figure does not come to whole cents or its groups make no number.
    """
    groups = re.split(r"[,.、'\s]+", number)
    separators = re.findall(r"[,.、'\s]+", number)
    whole, fraction = groups, ""
    if len(groups) > 1 and (len(groups[-1]) != 3 or (scale > 1 and separators[-1] == "." and len(groups) == 2)):
        whole, fraction = groups[:-1], groups[-1]
    if not _is_grouped(whole) or (len(groups) == 2 and separators[0] == "." and scale == 1 and len(groups[-1]) == 3):
        return None
    if len(fraction) > (2 if scale == 1 else 8):
        return None
    value = int("".join(whole)) * 10 ** len(fraction) + int(fraction or "0")
    cents, rest = divmod(value * scale * 100, 10 ** len(fraction))
    return None if rest else cents


def _is_grouped(whole: list[str]) -> bool:
    return len(whole) == 1 or (1 <= len(whole[0]) <= 3 and all(len(group) == 3 for group in whole[1:]))


def find_words(text: str) -> Iterator[Sum]:
    """Every sum in capitals in folded text; runs that make no number (``佰拾万元`` of an empty form) are passed over."""
    for match in _WORDS.finditer(text):
        cents = words_to_cents(match.group())
        if cents is not None:
            yield Sum(cents, match.start(), match.start() + len(match.group().rstrip()), True)


def words_to_cents(words: str) -> int | None:
    """``壹万陆仟肆佰零玖元零贰分`` → 1640902. 零 may be left out or stand before every empty unit, 整/正 may follow, 圆 is 元,
    traditional forms count. ``None`` where it is not one well-formed sum (units out of order, two digits in a row).
    """
    compact = re.sub(r"\s", "", words).replace("圆", "元").replace("圓", "元")
    match = re.fullmatch(rf"(?:([{_LETTERS}]+)(?:元|(?=[{_ENDS}]$)))?([{_LETTERS}角分]*)[{_ENDS}]?", compact)
    if not match or not (match[1] or match[2]):
        return None
    whole = _integer(match[1]) if match[1] else 0
    small = _jiao_fen(match[2])
    return None if whole is None or small is None else whole * 100 + small


def usual(words: str) -> str:
    """叁 as the rules of payment write it (支付结算办法, annex 1), where 参 is printed, or read."""
    return words.translate(_USUAL)


def mend_words(text: str) -> str:
    """Exchange what cannot stand in a sum for the character of a sum that it looks like (任 for 仟), one for one."""
    return text.translate(_LOOKS_LIKE)


def _jiao_fen(text: str) -> int | None:
    digit = "".join(_DIGITS)
    match = re.fullmatch(rf"[零〇○]?(?:([{digit}])角)?[零〇○]?(?:([{digit}])分)?", text)
    if not match:
        return None
    return _DIGITS[match[1] or "零"] * 10 + _DIGITS[match[2] or "零"]


def _integer(text: str) -> int | None:
    """Up to 亿 and from there on, then up to 万 and from there on; 壹万亿 is 万 times 亿."""
    for letters, unit in _LARGE:
        head, *tails = re.split(f"[{letters}]", text)
        if len(tails) > 1:
            return None
        if tails:
            high, low = _integer(head), _integer(tails[0]) if tails[0] else 0
            return None if high is None or low is None or low >= unit else high * unit + low
    return _section(text)


def _section(text: str) -> int | None:
    """The four places below 万. 拾 may stand for 壹拾 at the head; 零仟零佰 of a filled form counts as nothing."""
    total, limit = 0, 10**4
    digit: int | None = None
    for letter in text:
        if letter in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[letter]
        else:
            unit = _SMALL[letter]
            if unit >= limit or (digit is None and (unit != 10 or total)):
                return None
            total, limit, digit = total + (1 if digit is None else digit) * unit, unit, None
    return total + (digit or 0) if text else None
