"""A document made ready for an index: masked, normalised and packed, the same for every engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.kernel.errors import InvalidInput
from services.kernel.policy import masks
from services.search import fields, tokens
from services.search.cutting import Cut, cut
from services.search.index.pages import pack
from services.search.index.port import IndexDocument, IndexPage

NAMED = ("title", "reference_code", *fields.TEXT_FIELDS)
"""What an item is called and says of itself; a word found here raises the score."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFICE = ZoneInfo("Asia/Shanghai")
_CODES = ("contract_number", "permit_number", "filing_number", "credit_code", "voucher_number", "reference_code")


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page as its row: the normal form and the tokens of its text, in which identifiers are masked; and all that snippets are
    cut from, packed, in which names and addresses are masked too."""

    number: int
    form: str
    stream: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with all that can be computed before the turn to write.

    ``title`` is the masked one; ``named`` has the values of each of ``NAMED`` that say something.
    """

    document: IndexDocument
    title: str
    pages: tuple[PreparedPage, ...]
    named: Mapping[str, Sequence[Cut]]
    keywords: Sequence[str]


def prepare(document: IndexDocument) -> Prepared:
    """Mask, normalise and pack a document."""
    personal = masks.personal(*(map(tokens.canonical, values) for values in (document.names, document.addresses)))
    title = masks.mask_identifiers(tokens.canonical(document.title))
    texts = [_text(page) for page in document.pages]
    values = [(name, tokens.canonical(value)) for name, value in _values(document, title)]
    cuts = cut([*texts, *(value for _, value in values)])
    named: dict[str, list[Cut]] = {}
    for (name, _), each in zip(values, cuts[len(texts) :], strict=True):
        if each.aligned.form:
            named.setdefault(name, []).append(each)
    pages = [_prepare_page(*each, personal) for each in zip(document.pages, texts, cuts[: len(texts)], strict=True)]
    return Prepared(document, masks.masked(title, personal), tuple(pages), named, _keywords(document))


def days(document: IndexDocument) -> list[date]:
    """Return the days that date filters compare: those of the item, without any the day of receipt."""
    return sorted(set(document.dates) or {_office_day(document).date()})


def year(document: IndexDocument) -> str:
    """Return the year of receipt by the office's clock."""
    return str(_office_day(document).year)


def received(document: IndexDocument) -> int:
    """Return the time of receipt in microseconds since 1970."""
    return (document.received_at - _EPOCH) // timedelta(microseconds=1)


def _text(page: IndexPage) -> str:
    """Return the text of a page, identifiers masked."""
    return masks.mask_identifiers(tokens.page_text(line for line, _ in page.lines))


def _values(document: IndexDocument, title: str) -> Iterator[tuple[str, str]]:
    """Yield what the item is called and says of itself, by the names of ``NAMED``."""
    yield "title", title
    yield "reference_code", document.reference_code
    for name, values in document.fields.items():
        if name in fields.TEXT_FIELDS:
            yield from ((name, value if name in _CODES else masks.mask_identifiers(value)) for value in values)


def _prepare_page(page: IndexPage, text: str, made: Cut, personal: Mapping[str, int]) -> PreparedPage:
    corners = [coordinate for _, box in page.lines for point in box for coordinate in point]
    packed = pack(masks.masked(text, personal), made.aligned, corners, page.places)
    return PreparedPage(page.number, made.aligned.form, made.stream, packed)


def _keywords(document: IndexDocument) -> list[str]:
    named = {name: [getattr(document, name)] for name in fields.KEYWORD_FIELDS if name not in fields.MONEY_FIELDS}
    money = {name: _cents(document.fields.get(name, ())) for name in fields.MONEY_FIELDS}
    lookups = {name: list(digests) for name, digests in document.lookups.items()}
    held = (tokens.keyword(name, v) for found in (named, money, lookups) for name, values in found.items() for v in values if v)
    return sorted(set(held))


def _cents(amounts: Iterable[str]) -> list[str]:
    """Return the amounts that are amounts: what was misread is found as text only."""
    found = []
    for amount in amounts:
        with suppress(InvalidInput):
            found.append(str(fields.cents(amount)))
    return found


def _office_day(document: IndexDocument) -> datetime:
    return document.received_at.astimezone(_OFFICE)
