"""The index on Elasticsearch or OpenSearch.

Nothing is asked of the engine before the first question or document, so an archive starts while its engine is away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from services.kernel.errors import Conflict, Unavailable
from services.search.index import cursor
from services.search.index.elastic import answers, dsl, writing
from services.search.index.elastic import expunge as expunging
from services.search.index.elastic.expunge import UNTOLD, Deleted
from services.search.index.elastic.generations import TAKEN_OVER, Built, Generations, Pace, State
from services.search.index.elastic.transport import Action, Endpoint, EngineError, Transport
from services.search.index.port import FACETS, IndexDocument, Page, Search

_TRIES = 4
_READS = 6
_PAUSE = 0.05
_MARKS = 500


class ElasticIndex:
    """The index behind ``transport``. Safe for threads; several processes on several machines share it."""

    def __init__(self, transport: Transport, endpoint: Endpoint, pace: Pace | None = None) -> None:
        self._transport = transport
        self._generations = Generations(transport, endpoint, pace or Pace())

    def put(self, documents: Iterable[IndexDocument]) -> None:
        """Raises ``Refused`` for documents that the engine does not take, after the others are in."""
        with _told():
            refused = writing.sent(documents, lambda chunk: self._everywhere(partial(self._puts, chunk)))
            self._refresh()
        if refused:
            raise writing.Refused(refused)

    def delete(self, item_ids: Iterable[str], *, expunge: bool = True) -> None:
        wanted = list(dict.fromkeys(item_ids))
        if not wanted:
            return
        deleted: dict[str, Deleted] = {}
        with _told():
            self._everywhere(partial(self._deletions, wanted, deleted))
            for index in self._generations.state().retired:
                self._generations.drop(index)
            if not expunge:
                self._refresh()
                return
            for index, what in deleted.items():
                expunging.expunge(self._transport, index, what)

    def expunge(self) -> None:
        with _told():
            state = self._generations.ensured()
            for index in filter(None, (state.live, state.building)):
                expunging.expunge(self._transport, index, UNTOLD)

    def residue(self, item_ids: Iterable[str]) -> list[str]:
        wanted, found = list(dict.fromkeys(item_ids)), []
        with _told():
            for index in sorted(self._generations.state().all):
                for first in range(0, len(wanted), _MARKS):
                    held = self._held(index, wanted[first : first + _MARKS])
                    found += [f"document {item_id} in {index}" for item_id in held]
        return found

    def search(self, search: Search) -> Page:
        begin = cursor.begin(search)
        if search.scope.empty:
            return Page(0, (), {name: {} for name in FACETS}, None)
        with _told():
            answer = self._ask(dsl.request(search, begin))
            found = answers.pages(answers.shown(search, answer))
            if bare := [item_id for item_id, pages in found.items() if not pages]:
                found |= answers.pages(self._ask(dsl.first_pages(bare))["hits"]["hits"])
            return answers.page(search, answer, found)

    @contextmanager
    def rebuild(self) -> Iterator[_ElasticRebuild]:
        """Raises ``Refused`` after the swap for documents that the engine did not take."""
        with _told(), self._generations.rebuilding() as built:
            rebuild = _ElasticRebuild(self._transport, built.alias)
            yield rebuild
            with _taken_over():
                self._unmark(built)
                self._generations.publish(built)
        if rebuild.refused:
            raise writing.Refused(rebuild.refused)

    def count(self) -> int:
        with _told():
            answer = self._ask({"query": dsl.PRESENT, "size": 0, "track_total_hits": True})
            number: int = answer["hits"]["total"]["value"]
            return number

    def check(self) -> list[str]:
        try:
            with _told():
                self._generations.ensured()
                self._ask({"size": 0})
                settings = self._transport.request("GET", f"/{self._generations.live}/_settings/index.blocks.*")
        except Unavailable as error:
            return [error.detail]
        blocked = [index for index, each in settings.items() if each["settings"]]
        return ["The engine lets nothing be written, most often as its disk is full. Make room on it."] if blocked else []

    def close(self) -> None:
        """Close idle connections."""
        self._transport.close()

    def _puts(self, chunk: writing.Chunk, state: State) -> list[Iterator[Action]]:
        return [writing.puts(alias, chunk) for alias in self._aliases(state)]

    def _deletions(self, wanted: list[str], deleted: dict[str, Deleted], state: State) -> list[Iterator[Action]]:
        """Return what deletes documents; note what each generation has to expunge."""
        assert state.live is not None, "writers make sure of it"
        held = self._held(state.live, wanted)
        deleted[state.live] = Deleted(max(held.values()) if len(held) == len(wanted) else None, len(held))
        actions = [writing.deletions(self._generations.live, held)]
        if state.building:
            deleted[state.building] = Deleted(max(self._held(state.building, wanted).values(), default=None), 0)
            actions.append(writing.marks(self._generations.building, wanted))
        return actions

    def _aliases(self, state: State) -> list[str]:
        return [self._generations.live, *([self._generations.building] if state.building else [])]

    def _everywhere(self, actions: Callable[[State], list[Iterator[Action]]]) -> dict[str, str]:
        """Write to every generation, again if they changed meanwhile; return what was refused."""
        state = self._generations.ensured()
        for _ in range(_TRIES):
            refused: dict[str, str] = {}
            for each in actions(state):
                refused |= writing.refusals(self._transport.bulk(each))
            before, state = state, self._generations.ensured()
            if (before.live, before.building) == (state.live, state.building):
                return refused
        raise Unavailable("The index changed while it was written to. Try again.")

    def _refresh(self) -> None:
        state = self._generations.ensured()
        for index in filter(None, (state.live, state.building)):
            try:
                self._transport.request("POST", f"/{index}/_refresh", seconds=60)
            except EngineError as error:
                if error.status != 404:  # replaced meanwhile
                    raise

    def _held(self, index: str, item_ids: list[str]) -> dict[str, int]:
        """Return the sequence numbers of those documents that are there."""
        answer = self._transport.request("POST", f"/{index}/_mget", {"ids": item_ids}, seconds=60, _source="false")
        return {document["_id"]: document["_seq_no"] for document in answer["docs"] if document.get("found")}

    def _unmark(self, built: Built) -> None:
        """Take the marks of what was deleted meanwhile out of a generation that is complete."""
        marked = {"query": {"term": {"gone": True}}, "size": _MARKS, "_source": False, "seq_no_primary_term": True}
        while True:
            self._transport.request("POST", f"/{built.index}/_refresh", seconds=60)
            answer = self._transport.request("POST", f"/{built.index}/_search", marked, allow_partial_search_results="false")
            hits = answer["hits"]["hits"]
            if not hits:
                return
            writing.refusals(self._transport.bulk(writing.unmarkings(built.alias, hits)))

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Search the live generation; again where it was removed meanwhile, as its successor is there by then."""
        path = f"/{self._generations.live}/_search"
        for attempt in range(_READS):
            try:
                if attempt:
                    time.sleep(_PAUSE * 2**attempt)
                    self._generations.ensured()
                return self._transport.request("POST", path, body, allow_partial_search_results="false")
            except EngineError as error:
                if error.status not in (404, 503):
                    raise
                refused = error
        raise refused


class _ElasticRebuild:
    """The generation under construction, fed from the catalogue."""

    def __init__(self, transport: Transport, alias: str) -> None:
        self._transport, self._alias = transport, alias
        self.refused: dict[str, str] = {}

    def put(self, documents: Iterable[IndexDocument]) -> None:
        """Add documents from the catalogue; those that the engine refuses are told when the rebuild ends."""
        with _told():
            self.refused |= writing.sent(documents, self._add)

    def _add(self, chunk: writing.Chunk) -> dict[str, str]:
        actions = writing.puts(self._alias, chunk, only_new=True)
        return writing.refusals(self._transport.bulk(actions), moved=Conflict(TAKEN_OVER))


@contextmanager
def _taken_over() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise Conflict(TAKEN_OVER) if error.status == 404 else error from error


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise error.told() from error
