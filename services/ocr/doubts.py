"""Lines whose own checks fail are read again by the stronger recogniser, while the page's picture is at hand.

A line is doubted where it holds an ID number, credit code or card whose check fails, a number that a label promises and
that has too few digits, capitals that make no sum, a date that the calendar does not have; or where a page says one sum in
capitals and another in figures. Few lines are, so this costs little. The second reading counts where it fails less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.kernel.paper import Line
from services.ocr.engines.port import Engine
from services.ocr.fields import dates, identifiers, money
from services.ocr.fields.text import fold
from services.ocr.pixels import Pixels
from services.ocr.spelling import spelled

_PROMISED = re.compile(r"(?:身份证[件号码]*|身份号码|信用代码)[^\dA-Za-z]{0,6}([0-9A-Za-z]{8,24})")
_CAPITALS = re.compile(rf"(?:{money.WORDS_LETTER.pattern}){{5,}}")
_MONEY_MARKS = re.compile(r"小写|[¥￥]")
_MOST = 12  # of a page; where more fail, its print is too poor for a second reader too


def settled(lines: list[Line], pixels: Pixels, engine: Engine) -> list[Line]:
    """The lines of one picture, in their order, the doubted ones as the stronger recogniser has them where that is better."""
    doubted = [index for index, line in enumerate(lines) if failures(line.text)]
    if not 0 < len(doubted) <= _MOST:
        doubted = []
    if doubted:
        again = dict(zip(doubted, engine.reread(pixels, [lines[index] for index in doubted]), strict=True))
        lines = [_better(line, again[index]) if index in again else line for index, line in enumerate(lines)]
    return _one_sum([spelled(line) for line in lines], pixels, engine)


def failures(text: str) -> int:
    """How many things in a line of text cannot be what they seem."""
    text = fold(text)
    ids, codes = list(identifiers.find_id_numbers(text)), list(identifiers.find_credit_codes(text))
    good = {each.start for each in (*ids, *codes) if each.check == "ok" and not each.repaired}
    numbers = {each.start for each in (*ids, *codes)}
    cards = sum(each.check == "failed" for each in identifiers.find_bank_accounts(text) if each.start not in numbers)
    short = sum(len(match[1]) not in (15, 18) for match in _PROMISED.finditer(text))
    broken = sum(not any(money.find_words(match.group())) for match in _CAPITALS.finditer(text))
    return len(numbers - good) + cards + short + broken + sum(1 for _ in dates.impossible(text))


def _better(first: Line, second: Line) -> Line:
    return second if failures(second.text) < failures(first.text) else first


def _one_sum(lines: list[Line], pixels: Pixels, engine: Engine) -> list[Line]:
    """Capitals and figures that differ are both read again; what then agrees with the other counts."""
    words, figures = _sums(lines, capitals=True), _sums(lines, capitals=False)
    if not words or not figures or set(words.values()) & set(figures.values()):
        return lines
    doubted = [*words, *figures][:_MOST]
    for index, again in zip(doubted, engine.reread(pixels, [lines[index] for index in doubted]), strict=True):
        others = set((figures if index in words else words).values())
        if others & set(_sums([again], capitals=index in words).values()):
            lines = [*lines[:index], again, *lines[index + 1 :]]
    return lines


def _sums(lines: Sequence[Line], *, capitals: bool) -> dict[int, int]:
    """By line, the last sum in capitals, or in figures that are marked as money."""
    found = {}
    for index, line in enumerate(lines):
        text = fold(line.text)
        if not capitals and not _MONEY_MARKS.search(line.text):
            continue
        for one in money.find_words(text) if capitals else money.find_figures(text):
            if capitals or one.marked:
                found[index] = one.cents
    return found
