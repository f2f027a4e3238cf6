"""Writing documents: in bulk, to every generation, each outcome looked at by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from services.kernel.errors import InvalidInput, Unavailable
from services.search.index import prepared
from services.search.index.elastic import schema
from services.search.index.elastic.transport import Action, Outcome
from services.search.index.port import IndexDocument

Chunk = list[tuple[str, int | None, dict[str, object]]]
"""Ids and moments with the engine's documents."""

_CHUNK_CHARACTERS = 1_000_000
_CHUNK_DOCUMENTS = 250
_NAMED_REFUSALS = 10


class Refused(InvalidInput):
    """Some documents were not taken, all others were; ``items`` has the engine's reason (its name only) by item id."""

    def __init__(self, items: dict[str, str]) -> None:
        self.items = items
        first = ", ".join(f"{item_id} ({kind})" for item_id, kind in list(items.items())[:_NAMED_REFUSALS])
        more = f" and {len(items) - _NAMED_REFUSALS} more" if len(items) > _NAMED_REFUSALS else ""
        super().__init__(
            f"The index refused {len(items)} document(s): {first}{more}. All others are in it. Correct these items."
        )


def chunks(documents: Iterable[IndexDocument]) -> Iterator[Chunk]:
    """Yield documents a few at a time, so that only those are held in memory."""
    chunk: Chunk = []
    size = 0
    for document in documents:
        made = prepared.prepare(document)
        chunk.append((document.item_id, document.as_of, schema.document(made)))
        size += sum(len(page.form) for page in made.pages)
        if size >= _CHUNK_CHARACTERS or len(chunk) == _CHUNK_DOCUMENTS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def sent(documents: Iterable[IndexDocument], send: Callable[[Chunk], dict[str, str]]) -> dict[str, str]:
    """Send documents in chunks, one at a time, while the next is made ready; return what was refused."""
    refused: dict[str, str] = {}
    with ThreadPoolExecutor(1) as sender:
        pending: Future[dict[str, str]] | None = None
        for chunk in chunks(documents):
            refused |= pending.result() if pending else {}
            pending = sender.submit(send, chunk)
        refused |= pending.result() if pending else {}
    return refused


def puts(alias: str, chunk: Chunk, *, only_new: bool = False) -> Iterator[Action]:
    """Yield the actions that put documents, with ``only_new`` where nothing has their id, else where nothing later has."""
    for item_id, as_of, document in chunk:
        place: dict[str, object] = {"_index": alias, "_id": item_id}
        if only_new:
            yield {"create": place}, document
        else:
            yield {"index": place if as_of is None else place | {"version": as_of, "version_type": "external_gte"}}, document


def deletions(alias: str, item_ids: Iterable[str]) -> Iterator[Action]:
    for item_id in item_ids:
        yield {"delete": {"_index": alias, "_id": item_id}}, None


def marks(alias: str, item_ids: Iterable[str]) -> Iterator[Action]:
    """Yield the actions that put a mark in a document's place, which a later copy from the catalogue does not replace."""
    for item_id in item_ids:
        yield {"index": {"_index": alias, "_id": item_id}}, {"gone": True}


def unmarkings(alias: str, hits: Iterable[Mapping[str, Any]]) -> Iterator[Action]:
    """Yield the actions that remove marks, unless a document has taken their place."""
    for hit in hits:
        place = {"if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}
        yield {"delete": {"_index": alias, "_id": hit["_id"], **place}}, None


def refusals(outcomes: Iterable[Outcome], *, moved: Exception | None = None) -> dict[str, str]:
    """Return which documents the engine refused, and why. Raises ``Unavailable`` if it could not take some now.

    Nothing there to delete and something there already, or later, are no failures; nor is an alias that has moved on, without
    ``moved``.
    """
    refused: dict[str, str] = {}
    failed: Counter[str] = Counter()
    for done, outcome in outcomes:
        ((operation, item),) = outcome.items()
        if moved is not None and item["status"] == 404 and operation != "delete":
            raise moved
        if done or item["status"] in (404, 409):
            continue
        kind = item["error"].get("type", "") if isinstance(item["error"], dict) else f"HTTP {item['status']}"
        if item["status"] in (400, 413):
            refused[item["_id"]] = kind
        else:
            failed[kind] += 1
    if failed:
        kind, _ = failed.most_common(1)[0]
        raise Unavailable(f"The index could not take {failed.total()} document(s) now ({kind}). Try again.")
    return refused
