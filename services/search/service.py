"""Searching and reindexing. A hit list is on the ledger before it is shown: who, how much, what of it unmasked and why,
and a digest of the question, never the question itself, for it may name a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from services.kernel import tracing
from services.kernel.core import Kernel
from services.kernel.identity.rights import Principal
from services.kernel.identity.rights import Scope as PersonScope
from services.kernel.ledger import journal
from services.search import probing, unmasking
from services.search import query as language
from services.search.documents import index_document, indexed_items
from services.search.index.port import Filters, Index, IndexDocument, Scope, Search, Sort


@dataclass(frozen=True, slots=True)
class Question:
    """A search as it was asked."""

    text: str
    filters: Filters
    sort: Sort
    cursor: str | None
    limit: int


def search(kernel: Kernel, index: Index, principal: Principal, question: Question, *, request: str) -> dict[str, Any]:
    """What contract.md calls the answer of ``GET /api/v1/search``. Raises ``InvalidInput`` for a query that cannot be meant,
    ``TooMany`` for whoever has looked up too many identifiers."""
    began = time.perf_counter()
    with kernel.database.read() as session:
        keys = kernel.lookups.live(session)
    tree = language.parse(question.text, *(each.digest for each in keys))
    if wanted := language.looked_up(tree) // len(keys):
        probing.enter(kernel, principal, wanted, request=request)
    asked = Search(
        query=tree,
        scope=scope_of(principal),
        filters=question.filters,
        sort=question.sort,
        cursor=question.cursor,
        limit=question.limit,
    )
    with tracing.span("search.query"):
        page = index.search(asked)
    took = (time.perf_counter() - began) * 1000
    with kernel.database.read() as session:
        bare = unmasking.uncover(session, kernel.vault, principal, page.hits)
    with kernel.database.write() as session:
        hits, opened = unmasking.opened(session, principal, page.hits, bare)
        journal.append(
            session,
            "search",
            actor=principal.person_id,
            request=request,
            question=kernel.lookups.question(question.text),
            items=[hit.item_id for hit in page.hits],
            total=page.total,
            unmasked=opened,
        )
    return replace(page, hits=tuple(hits)).to_json() | {"took_ms": round(took, 2)}


def scope_of(principal: Principal) -> Scope:
    """Which items the index may tell this person of."""
    if principal.scope is PersonScope.ALL:
        return Scope(everything=True)
    if principal.scope is PersonScope.OWN:
        return Scope(owners=frozenset({principal.person_id}))
    return Scope()


def reindex(kernel: Kernel, index: Index, *, actor: str | None, progress: Callable[[int], None] | None = None) -> int:
    """Builds the index anew beside the live one and swaps. Returns the number of items in it."""
    count = 0

    def documents() -> Iterator[IndexDocument]:
        nonlocal count
        with kernel.database.read() as session:
            for item in indexed_items(session):
                yield index_document(session, kernel.vault, kernel.lookups, item)
                count += 1
                if progress is not None:
                    progress(count)

    with index.rebuild() as building:
        building.put(documents())
    with kernel.database.write() as session:
        journal.append(session, "index.rebuild", actor=actor, items=count)
    return count
