"""From a search to the engine's query: pure functions, the same for both engines.

A query is built of our own tokens and the engine's operators, never of what a person typed. All conditions are filters; the
score is the sum of constants, one for each word that names the item, so that no statistics of the index enter into it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from services.search import tokens
from services.search.index.cursor import Position
from services.search.index.elastic.schema import SOURCE
from services.search.index.port import FACETS, Filters, Scope, Search
from services.search.index.snippets import MOST, needles
from services.search.query import And, Everything, Field, Keyword, Lookup, Node, Not, Or, Term, scored_words, searched

Query = dict[str, Any]

FIRST = "first"
"""The name under which an answer holds an item's first page."""

_MOST_FACETS = 10_000
_MOST_EXPANSIONS = 1 << 16
_MOST_LEVELS = 20
_LARGEST = (1 << 63) - 1
_FILTERED = {
    "types": "type",
    "states": "state",
    "departments": "department",
    "customer_types": "customer_type",
    "business_types": "business_type",
}
PRESENT: Query = {"bool": {"must_not": [{"exists": {"field": "gone"}}]}}


def request(search: Search, begin: Position | None) -> Query:
    """Return the body of a search; one hit more than asked for tells whether there is a next page."""
    words = scored_words(search.query) if search.sort == "score" else ()
    body = {
        "query": {
            "bool": {
                "filter": [_found(search.query), PRESENT, *_scope(search.scope), *_filters(search.filters)],
                "should": [{"constant_score": {"filter": phrase("named", word)}} for word in words],
                "minimum_should_match": 0,
            }
        },
        "size": search.limit + 1,
        "sort": order(search),
        "track_total_hits": True,
        "_source": SOURCE,
        "aggs": {name: {"terms": {"field": name, "size": _MOST_FACETS}} for name in FACETS},
    }
    return body if begin is None else body | {"search_after": _after(search, begin)}


def first_pages(item_ids: Sequence[str]) -> Query:
    """Return the body of a search for the first page of items on whose pages nothing of the query stands."""
    query = {"bool": {"filter": [{"ids": {"values": list(item_ids)}}], "should": [_page(FIRST, {"match_all": {}}, 1)]}}
    return {"query": query, "size": len(item_ids), "_source": False}


def order(search: Search) -> list[dict[str, str]]:
    """Return the order of the answer."""
    received = {"received": "asc" if search.sort == "oldest" else "desc"}
    return [*([{"_score": "desc"}] if search.sort == "score" else []), received, {"item_id": "asc"}]


def matching(node: Node, level: int = 0) -> Query:
    """Return the query that matches the items of ``node``.

    Elasticsearch refuses to parse queries deeper than 30 levels; what lies deeper is wrapped, which it parses by itself.
    """
    if level >= _MOST_LEVELS:
        inner = json.dumps(matching(node), ensure_ascii=False)
        return {"wrapper": {"query": base64.b64encode(inner.encode()).decode()}}
    match node:
        case Or(parts):
            return _any([matching(part, level + 1) for part in parts])
        case And(parts):
            return _all(parts, level + 1)
        case Not():
            return _all((node,), level + 1)
        case _:
            return _leaf(node)


def _all(parts: Sequence[Node], level: int) -> Query:
    wanted = [matching(part, level) for part in parts if not isinstance(part, Not)]
    unwanted = [matching(part.part, level) for part in parts if isinstance(part, Not)]
    return {"bool": {"filter": wanted, "must_not": unwanted}}


def _leaf(node: Everything | Term | Field | Keyword | Lookup) -> Query:
    match node:
        case Keyword(name, value) | Lookup(name, value):
            return {"term": {"keywords": tokens.keyword(name, value)}}
        case Field(names, text):
            return _any([_on_a_page(text) if name == "text" else phrase(f"in.{name}", text) for name in names])
        case Term(text):
            return _any([_on_a_page(text), phrase("named", text)])
        case Everything():
            return {"match_all": {}}


def phrase(field: str, text: str) -> Query:
    """Return the query for ``text`` as a fragment of one value of ``field``. Raises ``InvalidInput`` if it holds no token."""
    grams = searched(text)
    written = " ".join(grams.tokens)
    if not grams.prefix:
        return {"match_phrase": {field: written}}
    if len(grams.tokens) == 1:
        return {"prefix": {field: written}}
    return {"match_phrase_prefix": {field: {"query": written, "max_expansions": _MOST_EXPANSIONS}}}


def _found(query: Node) -> Query:
    """Return the query, and beside it what is to be fetched of each hit: it narrows nothing and costs only the hits."""
    wanted = needles(query)
    shown = [_page(name_of(n), phrase("pages.text", needle.form), MOST) for n, needle in enumerate(wanted)]
    shown = shown or [_page(FIRST, {"match_all": {}}, 1)]
    return {"bool": {"filter": [matching(query)], "should": shown, "minimum_should_match": 0}}


def name_of(needle: int) -> str:
    """Return the name under which an answer holds the pages with one of ``needles(query)``, by its place there."""
    return f"needle-{needle}"


def _page(name: str, query: Query, most: int) -> Query:
    """Return an optional clause that brings the first ``most`` pages with ``query`` along with each hit."""
    inner = {
        "name": name,
        "size": most,
        "sort": [{"pages.number": "asc"}],
        "_source": False,
        "stored_fields": ["pages.content"],
        "docvalue_fields": ["pages.number"],
    }
    return {"nested": {"path": "pages", "query": query, "score_mode": "none", "inner_hits": inner}}


def _on_a_page(text: str) -> Query:
    return {"nested": {"path": "pages", "query": phrase("pages.text", text), "score_mode": "none"}}


def _any(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else {"bool": {"should": queries, "minimum_should_match": 1}}


def _scope(scope: Scope) -> list[Query]:
    if scope.everything:
        return []
    lists = {"owner_id": scope.owners, "department": scope.departments, "item_id": scope.items}
    return [_any([_within(field, values) for field, values in lists.items() if values])]


def _filters(filters: Filters) -> list[Query]:
    found = [_within(field, wanted) for name, field in _FILTERED.items() if (wanted := getattr(filters, name))]
    found += _range("days", filters.date_from, filters.date_to)
    return found + _range("amounts", filters.amount_min, filters.amount_max)


def _within(field: str, values: Iterable[str]) -> Query:
    return {"terms": {field: sorted(values)}}


def _range(field: str, least: date | int | None, most: date | int | None) -> list[Query]:
    bounds = {sign: _bound(value) for sign, value in (("gte", least), ("lte", most)) if value is not None}
    return [{"range": {field: bounds}}] if bounds else []


def _bound(value: date | int) -> str | int:
    return value.isoformat() if isinstance(value, date) else max(-_LARGEST, min(value, _LARGEST))


def _after(search: Search, position: Position) -> list[float | int | str]:
    return [*([position.score] if search.sort == "score" else []), position.received, position.item_id]
