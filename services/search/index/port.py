"""The port of the index, and the shapes that cross it.

The index holds what is found of an item (件) as one document: the tokens of its text, title and fields, the digests of its
identifiers, and for show the masked text with its boxes. It is made from the catalogue and can be made anew at any time; it is
never backed up. What it answers is masked for everyone: who may see more gets that from the catalogue.

*Matching.* An item matches as a whole: the parts of an AND may stand on different pages; a phrase stands within one page,
the title, the reference code or one value of a field. NOT leaves out items. ``tokens`` defines when a word stands in a text.

*Order.* ``score`` counts the words of the query (the first eight different ones) that stand in the title, the reference code
or a field: who is named in the form comes before who is mentioned somewhere. Then comes the time of receipt, newest first,
then the item's id. It does not depend on what else is in the index (as TF-IDF or BM25 would): so a score tells nothing about
items that the caller may not see, a cursor stays good while others write, and every adapter gives one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from services.kernel.paper import Box
from services.search.query import Node

Sort = Literal["score", "newest", "oldest"]
FACETS = ("type", "state", "department", "customer_type", "business_type", "year")
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class IndexPage:
    """One page: its number in the item, from 1, and its masked lines in reading order, each with its box (pixels, upright);
    ``places``, by the line's number from 0, of those that are not set evenly (``paper.Line``)."""

    number: int
    lines: tuple[tuple[str, Box], ...]
    places: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexDocument:
    """One item as the index knows it.

    ``fields`` are normalised values by contract field name, without identifiers; ``lookups`` the digests of the identifiers
    (``LOOKUP_FIELDS``); ``dates`` and ``amounts`` (cents) what the filters compare; ``names`` and ``addresses`` what is masked
    in snippets and titles. ``as_of`` is the moment of the catalogue at which it was read; a
    document never takes the place of one of a later moment, whichever worker comes last. Without it, it always does.
    """

    item_id: str
    owner_id: str
    department: str
    reference_code: str
    type: str
    title: str
    state: str
    received_at: datetime
    customer_type: str = ""
    business_type: str = ""
    dates: tuple[date, ...] = ()
    amounts: tuple[int, ...] = ()
    pages: tuple[IndexPage, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lookups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    as_of: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which items the caller may know of: everything, or what any of the three lists names. The default is nothing."""

    everything: bool = False
    owners: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        return not (self.everything or self.owners or self.departments or self.items)


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions beside the query; an empty one does not narrow.

    Lists hold alternatives. A date matches if any date of the item (without one: the day of receipt) lies in ``date_from`` …
    ``date_to``, both inclusive; an amount likewise, in cents.
    """

    types: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    customer_types: tuple[str, ...] = ()
    business_types: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    amount_min: int | None = None
    amount_max: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """One question."""

    query: Node
    scope: Scope
    filters: Filters = Filters()
    sort: Sort = "score"
    cursor: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a page's masked text; ``highlights`` are [start, end) in it, ``boxes`` where they stand on the page;
    ``start`` is where it begins on the page: masks keep every place, so that there stands what they cover."""

    page: int
    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    boxes: tuple[Box, ...] = ()
    start: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "page": self.page,
            "text": self.text,
            "highlights": [list(span) for span in self.highlights],
            "boxes": [[[round(x, 1), round(y, 1)] for x, y in box] for box in self.boxes],
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found, as it may be shown to anyone who may know of it: ``masked``, until the caller's ground is known."""

    item_id: str
    reference_code: str
    type: str
    title: str
    score: float
    snippets: tuple[Snippet, ...]
    masked: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "item_id": self.item_id,
            "reference_code": self.reference_code,
            "type": self.type,
            "title": self.title,
            "score": self.score,
            "masked": self.masked,
            "snippets": [snippet.to_json() for snippet in self.snippets],
        }


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. ``total`` and ``facets`` (value → number of items, empty values left out) count all matches in the caller's
    scope and filters, not only this page's; ``next`` is the cursor of the next page.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, Mapping[str, int]]
    next: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "hits": [hit.to_json() for hit in self.hits],
            "facets": {name: dict(counts) for name, counts in self.facets.items()},
            "next": self.next,
        }


class Rebuild(Protocol):
    """An index under construction. Feed it the whole catalogue; it goes live when its ``with`` block ends without an error.

    Documents put or deleted through the live index meanwhile are already in it, and win over what is fed here.
    """

    def put(self, documents: Iterable[IndexDocument]) -> None:
        """Add documents from the catalogue."""


class Index(Protocol):
    """An index. Every method raises ``Unavailable`` if the engine cannot answer in time."""

    def put(self, documents: Iterable[IndexDocument]) -> None:
        """Add or replace documents; they or later ones are found when it returns. Identifiers still in the text are masked."""

    def delete(self, item_ids: Iterable[str], *, expunge: bool = True) -> None:
        """Expunge documents: when it returns no file of the index holds a trace of their text. Unknown ids are passed over.

        Mark the items in the catalogue first, or a running rebuild may read them back. Without ``expunge`` they are found no
        more, and what the engine keeps of them goes with the next :meth:`expunge`: for whoever deletes many, a few at a time.
        """

    def expunge(self) -> None:
        """Take out of the files whatever deletions have left there."""

    def residue(self, item_ids: Iterable[str]) -> list[str]:
        """Return what is still held of these items, live, under construction or in files of before, in words for a report;
        nothing after they were deleted and expunged. It looks into the files themselves and does not ask as a search does."""

    def search(self, search: Search) -> Page:
        """Answer a question. Raises ``InvalidInput`` for a bad cursor or limit."""

    def rebuild(self) -> AbstractContextManager[Rebuild]:
        """Build beside the live index and swap at once, with no gap in the answers. Raises ``Conflict`` if one is running."""

    def count(self) -> int:
        """Return the number of documents."""

    def check(self) -> list[str]:
        """Return what is wrong with the index, in sentences that say what to do; nothing if all is well."""
