"""From the engine's answer to hits with snippets."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from services.kernel.paper import Box
from services.kernel.policy.masks import mask_values
from services.search.index import cursor, prepared, snippets
from services.search.index.port import FACETS, Hit, Page, Search
from services.search.index.snippets import Needle, StoredPage

Pages = Mapping[str, list[StoredPage]]


def shown(search: Search, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the hits of the page that was asked for."""
    hits: list[dict[str, Any]] = answer["hits"]["hits"]
    return hits[: search.limit]


def pages(hits: Iterable[Mapping[str, Any]]) -> dict[str, list[StoredPage]]:
    """Return the pages that came with each hit, in order, by the item's id."""
    return {hit["_id"]: [stored for _, stored in sorted(_distinct(hit).items())] for hit in hits}


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


def _distinct(hit: Mapping[str, Any]) -> dict[int, StoredPage]:
    """Return the pages by number: one may hold several of the words."""
    found: dict[int, StoredPage] = {}
    for inner in hit.get("inner_hits", {}).values():
        for held in inner["hits"]["hits"]:
            fields = held["fields"]
            (number,) = fields["pages.number"]
            found[number] = StoredPage(number, partial(_load, fields["pages.lines"][0], fields.get("pages.boxes", [""])[0]))
    return found


def _load(lines: str, boxes: str) -> tuple[list[str], list[Box]]:
    return prepared.unpack(base64.b64decode(lines), base64.b64decode(boxes))


def _hit(search: Search, hit: Mapping[str, Any], wanted: tuple[Needle, ...], found: list[StoredPage]) -> Hit:
    source = hit["_source"]
    names, addresses = (source["names"], source["addresses"]) if search.mask_names else ((), ())
    return Hit(
        item_id=hit["_id"],
        reference_code=source["reference_code"],
        type=source["type"],
        title=mask_values(source["title"], names, addresses),
        score=_position(search, hit).score,
        snippets=snippets.snippets(found, wanted, lambda text: mask_values(text, names, addresses)),
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
