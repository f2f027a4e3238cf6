"""A document made ready for an index: masked, normalised and packed, the same for every engine."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.kernel.errors import InvalidInput
from services.kernel.paper import Box
from services.kernel.policy.masks import mask_identifiers
from services.search import fields, tokens
from services.search.index.port import IndexDocument, IndexPage

NAMED = ("title", "reference_code", *fields.TEXT_FIELDS)
"""What an item is called and says of itself; a word found here raises the score."""

ALL = "·"
"""The keyword that every document has: what a purely negative query subtracts from."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFICE = ZoneInfo("Asia/Shanghai")
_CODES = ("contract_number", "permit_number", "filing_number", "credit_code", "voucher_number", "reference_code")


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page as its row: the normal form of its masked text, its lines and boxes packed."""

    number: int
    form: str
    lines: bytes
    boxes: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with all that can be computed before the turn to write."""

    document: IndexDocument
    title: str
    pages: tuple[PreparedPage, ...]
    forms: dict[str, list[str]]


def prepare(document: IndexDocument) -> Prepared:
    """Mask, normalise and pack a document."""
    pages = tuple(_prepare_page(page) for page in document.pages)
    title = mask_identifiers(tokens.canonical(document.title))
    texts = {"title": [title], "reference_code": [document.reference_code]}
    for name, values in document.fields.items():
        if name in fields.TEXT_FIELDS:
            texts[name] = [value if name in _CODES else mask_identifiers(value) for value in values]
    forms = {name: [form for value in values if (form := tokens.normal(value))] for name, values in texts.items()}
    return Prepared(document, title, pages, forms | {"keywords": _keywords(document)})


def days(document: IndexDocument) -> list[str]:
    """Return the days that date filters compare: those of the item, without any the day of receipt."""
    return sorted({day.isoformat() for day in document.dates} or {_office_day(document).date().isoformat()})


def year(document: IndexDocument) -> str:
    """Return the year of receipt by the office's clock."""
    return str(_office_day(document).year)


def received(document: IndexDocument) -> int:
    """Return the time of receipt in microseconds since 1970."""
    return (document.received_at - _EPOCH) // timedelta(microseconds=1)


def unpack(lines: bytes, boxes: bytes) -> tuple[list[str], list[Box]]:
    """Return a packed page's lines and their boxes."""
    corners = array("f", boxes)
    points = [(x, y) for x, y in zip(corners[::2], corners[1::2], strict=True)]
    return zlib.decompress(lines).decode().split("\n"), [
        (points[i], points[i + 1], points[i + 2], points[i + 3]) for i in range(0, len(points), 4)
    ]


def _prepare_page(page: IndexPage) -> PreparedPage:
    text = "\n".join(" ".join(tokens.canonical(line).splitlines()) for line, _ in page.lines)
    masked = mask_identifiers(text)
    corners = array("f", [coordinate for _, box in page.lines for point in box for coordinate in point])
    return PreparedPage(page.number, tokens.normal(masked), zlib.compress(masked.encode(), 1), corners.tobytes())


def _keywords(document: IndexDocument) -> list[str]:
    named = {name: [getattr(document, name)] for name in fields.KEYWORD_FIELDS if name not in fields.MONEY_FIELDS}
    money = {name: _cents(document.fields.get(name, ())) for name in fields.MONEY_FIELDS}
    lookups = {name: list(digests) for name, digests in document.lookups.items()}
    held = (tokens.keyword(name, v) for found in (named, money, lookups) for name, values in found.items() for v in values if v)
    return [ALL, *sorted(set(held))]


def _cents(amounts: Iterable[str]) -> list[str]:
    """Return the amounts that are amounts: what was misread is found as text only."""
    found = []
    for amount in amounts:
        with suppress(InvalidInput):
            found.append(str(fields.cents(amount)))
    return found


def _office_day(document: IndexDocument) -> datetime:
    return document.received_at.astimezone(_OFFICE)
