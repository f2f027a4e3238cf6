"""How an item lies in the engine: one document, with each page as a nested one.

The tokens are ours, parted by the ``whitespace`` analyser that every engine has; a phrase stands within one page because a
page is a document of its own, and within one value because positions jump between values. Pages keep what snippets are cut
from (``index.pages``) as a stored field, so that a hit costs only the pages that it shows. ``_source`` has what else it shows.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from services.search import tokens
from services.search.index import prepared as ready
from services.search.index.elastic.transport import Endpoint
from services.search.index.port import FACETS
from services.search.index.prepared import NAMED, Prepared

_EXACT = ("item_id", "owner_id", "keywords", *FACETS)
_SHOWN = ("reference_code", "title")
SOURCE = ["type", *_SHOWN]

_TOKENS = {
    "type": "text",
    "analyzer": "whitespace",
    "norms": False,
    "similarity": "boolean",
    "index_options": "positions",
    "index_prefixes": {"min_chars": 1, "max_chars": 1},
}
"""``index_prefixes`` holds the first character of each token: a single character is looked up, not expanded."""

_STORED = {"type": "binary", "store": True}

MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "_source": {"excludes": ["in", "named", "keywords", "pages"]},
    "properties": {
        **{name: {"type": "keyword"} for name in _EXACT},
        **{name: {"type": "keyword", "index": False, "doc_values": False} for name in _SHOWN},
        "received": {"type": "long"},
        "days": {"type": "date", "format": "strict_date"},
        "amounts": {"type": "long"},
        "gone": {"type": "boolean"},
        "named": _TOKENS,
        "in": {"properties": dict.fromkeys(NAMED, _TOKENS)},
        "pages": {"type": "nested", "properties": {"number": {"type": "integer"}, "text": _TOKENS, "content": _STORED}},
    },
}
"""``gone`` marks what was deleted while the index was under construction: the catalogue's copy must not bring it back."""

SCHEME = hashlib.sha256(json.dumps([tokens.SCHEME, MAPPINGS]).encode()).hexdigest()[:8]
"""Part of every alias: an index made under another scheme of tokens or fields is never read or written by mistake."""


def template(endpoint: Endpoint, pattern: str) -> dict[str, Any]:
    """Return the index template. A merge that is to expunge takes every segment with a deletion, however few there are."""
    replicas = (
        {"auto_expand_replicas": endpoint.replicas} if "-" in endpoint.replicas else {"number_of_replicas": endpoint.replicas}
    )
    settings = {
        "number_of_shards": endpoint.shards,
        **replicas,
        "merge.policy.expunge_deletes_allowed": 0,
        "mapping.nested_objects.limit": 100_000,
    }
    return {
        "index_patterns": [pattern],
        "priority": 500,
        "template": {"settings": {"index": settings}, "mappings": MAPPINGS},
        "_meta": {"description": "Items of Muniment; made and replaced by it", "scheme": SCHEME},
    }


def document(prepared: Prepared) -> dict[str, Any]:
    """Return the engine's document of an item."""
    item = prepared.document
    named = {name: [each.stream for each in values] for name, values in prepared.named.items()}
    return {
        "item_id": item.item_id,
        "owner_id": item.owner_id,
        "department": item.department,
        "type": item.type,
        "state": item.state,
        "customer_type": item.customer_type,
        "business_type": item.business_type,
        "year": ready.year(item),
        "received": ready.received(item),
        "days": [day.isoformat() for day in ready.days(item)],
        "amounts": sorted(set(item.amounts)),
        "reference_code": item.reference_code,
        "title": prepared.title,
        "keywords": prepared.keywords,
        "in": named,
        "named": list(dict.fromkeys(stream for streams in named.values() for stream in streams)),
        "pages": [
            {"number": page.number, "text": page.stream, "content": base64.b64encode(page.content).decode()}
            for page in prepared.pages
        ],
    }
