"""From the engine's answer to hits with snippets."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.search.index import cursor, snippets
from services.search.index.pages import PackedPage
from services.search.index.port import FACETS, Hit, Page, Search
from services.search.index.snippets import Needle

Pages = Mapping[str, list[PackedPage]]


def shown(search: Search, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the hits of the page that was asked for."""
    hits: list[dict[str, Any]] = answer["hits"]["hits"]
    return hits[: search.limit]


def pages(hits: Iterable[Mapping[str, Any]]) -> dict[str, list[PackedPage]]:
    """Return the pages that came with each hit, in order, by the item's id."""
    return {hit["_id"]: sorted(_distinct(hit).items()) for hit in hits}


def page(search: Search, answer: Mapping[str, Any], found: Pages) -> Page:
    """Return the answer as the port has it."""
    hits = shown(search, answer)
    wanted = snippets.needles(search.query)
    more = len(answer["hits"]["hits"]) > search.limit
    return Page(
        total=answer["hits"]["total"]["value"],
        hits=tuple(_hit(search, hit, wanted, found.get(hit["_id"], [])) for hit in hits),
        facets={name: _counts(answer["aggregations"][name]["buckets"]) for name in FACETS},
        next=cursor.encode(search.sort, _position(search, hits[-1])) if more else None,
    )


def _distinct(hit: Mapping[str, Any]) -> dict[int, bytes]:
    """Return the pages by number: one may hold several of the words."""
    found: dict[int, bytes] = {}
    for inner in hit.get("inner_hits", {}).values():
        for held in inner["hits"]["hits"]:
            fields = held["fields"]
            (number,), (content,) = fields["pages.number"], fields["pages.content"]
            if number not in found:
                found[number] = base64.b64decode(content)
    return found


def _hit(search: Search, hit: Mapping[str, Any], wanted: tuple[Needle, ...], found: list[PackedPage]) -> Hit:
    source = hit["_source"]
    return Hit(
        item_id=hit["_id"],
        reference_code=source["reference_code"],
        type=source["type"],
        title=source["title"],
        score=_position(search, hit).score,
        snippets=snippets.snippets(found, wanted),
    )


def _position(search: Search, hit: Mapping[str, Any]) -> cursor.Position:
    *score, received, item_id = hit["sort"]
    return cursor.Position(float(score[0]) if score else 0.0, received, item_id)


def _counts(buckets: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return dict(sorted(_filled(buckets), key=lambda pair: (-pair[1], pair[0])))


def _filled(buckets: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for bucket in buckets:
        if bucket["key"]:
            yield bucket["key"], bucket["doc_count"]
