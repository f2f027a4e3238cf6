"""What each of several parties holds (共有份额): beside its name, or behind a label before the next party is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from services.kernel.paper import FieldReading
from services.ocr.fields.sheet import Sheet
from services.ocr.fields.text import fold

HOLDERS = ("party_buyer", "party_seller", "party_lessor", "party_lessee", "name")
_NUMBERS = {letter: value for value, letter in enumerate("零一二三四五六七八九")}
_HAN = "[零一二三四五六七八九十百]{1,5}"
_PART = (
    rf"(?:(?P<percent>\d{{1,3}}(?:\.\d{{1,4}})?)\s*%|百分之(?P<han>{_HAN})|(?P<over>\d{{1,3}})/(?P<under>\d{{1,3}})|"
    rf"(?P<Under>{_HAN})分之(?P<Over>{_HAN}))"
)
_SHARE = re.compile(rf"(?:份额|占有?|持有?|比例)[^\d%百分\n。;]{{0,6}}{_PART}")
_BESIDE = re.compile(rf"\s*\(\s*(?:按份共有)?[,:]?{_PART}\s*\)")
_REACH = 160  # characters from a name to its share, at most: the lines of one party's block


def with_shares(sheet: Sheet, fields: Mapping[str, tuple[FieldReading, ...]]) -> dict[str, tuple[FieldReading, ...]]:
    """The same fields, in which parties have the share that the page gives them, in percent."""
    named = {fold(one.value) for name in HOLDERS for one in fields.get(name, ())}
    shared = {name: tuple(_shared(sheet, fields[name], named)) for name in HOLDERS if name in fields}
    return {**fields, **shared}


def differ(parties: Sequence[FieldReading]) -> bool:
    """Whether all of several parties have shares, and these do not come to the whole. A third each is 99.99 %."""
    shares = [Decimal(one.share) for one in parties if one.share is not None]
    return 1 < len(shares) == len(parties) and abs(sum(shares, Decimal()) - 100) > Decimal("0.05")


def _shared(sheet: Sheet, parties: Sequence[FieldReading], named: set[str]) -> Iterator[FieldReading]:
    for one in parties:
        text = "\n".join(cell.text for cell in sheet.on_page(one.page))
        yield replace(one, share=_share(text, fold(one.raw), named - {fold(one.value)}))


def _share(text: str, name: str, others: set[str]) -> str | None:
    """The first share after a place of the name, and before that of another."""
    for place in re.finditer(re.escape(name), text) if name else ():
        after = text[place.end() : place.end() + _REACH]
        ends = [found for other in others if (found := after.find(other)) >= 0]
        after = after[: min(ends, default=len(after))]
        if match := _BESIDE.match(after) or _SHARE.search(after):
            return _percent(match)
    return None


def _percent(match: re.Match[str]) -> str | None:
    if match["percent"]:
        value = Decimal(match["percent"])
    elif match["han"]:
        value = Decimal(_han(match["han"]))
    else:
        over, under = (
            (int(match["over"]), int(match["under"])) if match["over"] else (_han(match["Over"]), _han(match["Under"]))
        )
        if not under:
            return None
        value = round(Decimal(over * 100) / under, 2)
    return f"{value.normalize():f}" if 0 < value <= 100 else None


def _han(text: str) -> int:
    """``五十`` → 50, ``三十三`` → 33, ``一百`` → 100, ``二`` → 2."""
    if "百" in text:
        return 100
    tens, ten, ones = text.rpartition("十")
    return (_NUMBERS.get(tens, 1) if ten else 0) * 10 + _NUMBERS.get(ones, 0)
