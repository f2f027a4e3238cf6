"""Answering a question on one connection: which items match, which of them come first, and what is shown of those.

The order is that of one number for each item: the score negated, then the time of receipt, negated where the newest comes
first; and of the item's id where that number is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any, NamedTuple

import apsw
import numpy as np

from services.search.index import cursor, fts5_store, snippets
from services.search.index.fts5_filters import conditions
from services.search.index.fts5_items import Items, Numbers
from services.search.index.fts5_match import Matches
from services.search.index.fts5_memory import Memory
from services.search.index.port import Hit, Page, Search
from services.search.query import scored_words

_SCORE = 1 << 59
"""More than two times of receipt lie apart, in microseconds, from the year 1 to 9999; eight times that fits 64 bits."""


class _Row(NamedTuple):
    """A hit of the page asked for; rows sort as the answer does."""

    key: int
    item_id: str
    n: int


def answer(connection: apsw.Connection, items: Items, memory: Memory, search: Search, begin: cursor.Position | None) -> Page:
    """Return what ``search`` asks for; ``items`` are those of the connection's snapshot, ``begin`` the place of its cursor."""
    matches = Matches(connection, items, memory)
    narrowed = conditions(connection, items, search.scope, search.filters)
    found = np.flatnonzero(reduce(np.logical_and, narrowed, matches.of(search.query)))
    rows = _first(connection, search, begin, found, _keys(items, matches, search, found))
    shown = rows[: search.limit]
    facets = items.facets.counts(items.facet[found])
    following = cursor.encode(search.sort, _position(search, shown[-1])) if len(rows) > search.limit else None
    return Page(len(found), tuple(_hits(connection, items, search, shown)), facets, following)


def _keys(items: Items, matches: Matches, search: Search, found: Numbers) -> Numbers:
    keys = _sign(search) * items.received[found]
    if search.sort == "score":
        for word in scored_words(search.query):
            keys -= _SCORE * matches.named(word)[found]
    return keys


def _sign(search: Search) -> int:
    return 1 if search.sort == "oldest" else -1


def _position(search: Search, row: _Row) -> cursor.Position:
    score = -((row.key + _SCORE // 2) // _SCORE)
    return cursor.Position(float(score), _sign(search) * (row.key + score * _SCORE), row.item_id)


def _first(
    connection: apsw.Connection, search: Search, begin: cursor.Position | None, found: Numbers, keys: Numbers
) -> list[_Row]:
    """Return the first rows behind ``begin``: as many as a page has, and one more if there is one."""
    wanted = search.limit + 1
    last = (_sign(search) * begin.received - int(begin.score) * _SCORE, begin.item_id) if begin is not None else None
    if last is not None:
        found, keys = found[keys >= last[0]], keys[keys >= last[0]]
    behind = keys if last is None else keys[keys > last[0]]
    if len(behind) > wanted:
        bound = np.partition(behind, wanted)[wanted]
        found, keys = found[keys <= bound], keys[keys <= bound]
    rows = sorted(_Row(key, item_id, n) for key, (n, item_id) in zip(keys.tolist(), _named(connection, found), strict=True))
    return [row for row in rows if last is None or row[:2] > last][:wanted]


def _named(connection: apsw.Connection, found: Numbers) -> list[Any]:
    """Return items with their ids, in the order of their numbers."""
    statement = "SELECT n, item_id FROM item WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n"
    return connection.execute(statement, (json.dumps(found.tolist()),)).fetchall()


def _hits(connection: apsw.Connection, items: Items, search: Search, rows: Iterable[_Row]) -> Iterator[Hit]:
    wanted = snippets.needles(search.query)
    forms = [needle.form for needle in wanted]
    statement = "SELECT reference_code, title FROM content WHERE n = ?"
    for row in rows:
        code, title = connection.execute(statement, (row.n,)).get
        pages = fts5_store.pages_with(connection, row.n, forms, snippets.MOST)
        yield Hit(
            item_id=row.item_id,
            reference_code=code,
            type=items.facets.value("type", items.facet[row.n]),
            title=title,
            score=_position(search, row).score,
            snippets=snippets.snippets(pages, wanted),
        )
