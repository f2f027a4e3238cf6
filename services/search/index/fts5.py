"""The index on SQLite FTS5: the embedded adapter, for one machine and several processes.

Readers never wait for writers (WAL). A deletion takes the tokens out of the full-text index, then copies the generation
without the slack of its pages and swaps: SQLite zeroes what it frees, but not what it moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path

import apsw

from services.kernel.errors import Conflict, Unavailable
from services.search.index import cursor, fts5_residue, fts5_store, prepared
from services.search.index.fts5_readers import Readers
from services.search.index.fts5_search import answer
from services.search.index.generations import Generations
from services.search.index.port import FACETS, IndexDocument, Page, Search

_CHUNK = 64


class Fts5Index:
    """The index in ``folder``, made if it is not there. Safe for threads and processes; connections open when needed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._generations = Generations(folder)
        self._readers = Readers(self._generations)
        if self._generations.current() is None:
            self._make_first()

    def put(self, documents: Iterable[IndexDocument]) -> None:
        for chunk in _chunks(documents):
            with _translated(), self._generations.writing(), ExitStack() as stack:
                connections = [stack.enter_context(closing(fts5_store.connect(path))) for path in self._written()]
                for connection in connections:
                    with connection:
                        for document in chunk:
                            fts5_store.write(connection, document)

    def delete(self, item_ids: Iterable[str], *, expunge: bool = True) -> None:
        wanted = list(item_ids)
        with _translated(), self._generations.writing():
            for path in self._written():
                with closing(fts5_store.connect(path)) as connection, connection:
                    removed = [fts5_store.remove(connection, item_id) for item_id in wanted]
                    if any(removed):
                        fts5_store.set_meta(connection, "residue", "1")
                    if path != self._live():
                        connection.executemany("INSERT OR IGNORE INTO gone VALUES (?)", [(item_id,) for item_id in wanted])
            if expunge:
                self._generations.swap(self._clean(self._current()))

    def expunge(self) -> None:
        with _translated(), self._generations.writing():
            self._generations.swap(self._clean(self._current()))

    def residue(self, item_ids: Iterable[str]) -> list[str]:
        wanted = list(item_ids)
        with _translated(), self._generations.writing():
            return [what for path in self._generations.files() for what in fts5_residue.found(path, wanted)]

    def search(self, search: Search) -> Page:
        begin = cursor.begin(search)
        if search.scope.empty:
            return Page(0, (), {name: {} for name in FACETS}, None)
        with _translated(), self._readers.snapshot() as (connection, items, memory):
            return answer(connection, items, memory, search, begin)

    @contextmanager
    def rebuild(self) -> Iterator[_Fts5Rebuild]:
        with self._generations.rebuilding() as free:
            if not free:
                raise Conflict("The index is being rebuilt already. Wait until that is done.")
            with _translated(), self._generations.writing():
                if (left := self._generations.building()) is not None:
                    self._generations.abandon(left)
                generation = self._generations.next()
                fts5_store.connect(self._generations.file(generation), create=True, bulk=True).close()
                self._generations.begin(generation)
            try:
                yield _Fts5Rebuild(self._generations, generation)
                with _translated(), self._generations.writing():
                    self._publish(generation)
            except BaseException:
                with self._generations.writing():
                    self._generations.abandon(generation)
                raise

    def count(self) -> int:
        with _translated(), self._readers.reader() as connection:
            number: int = connection.execute("SELECT count(*) FROM item").get
            return number

    def check(self) -> list[str]:
        try:
            with _translated(), self._generations.writing(), closing(fts5_store.connect(self._live())) as connection:
                damage = [text for (text,) in connection.execute("PRAGMA quick_check") if text != "ok"]
                fts5_store.check(connection)
        except Unavailable as error:
            return [error.detail]
        return [f"The index file is damaged ({damage[0]}). Run `muniment reindex`."] if damage else []

    def close(self) -> None:
        """Close idle connections."""
        self._readers.close()

    def _make_first(self) -> None:
        with _translated(), self._generations.writing():
            if self._generations.current() is None:
                generation = self._generations.next()
                fts5_store.connect(self._generations.file(generation), create=True).close()
                self._generations.swap(generation)

    def _current(self) -> int:
        generation = self._generations.current()
        if generation is None:
            raise Unavailable("The index is not there. Run `muniment reindex`.")
        return generation

    def _live(self) -> Path:
        return self._generations.file(self._current())

    def _written(self) -> list[Path]:
        """Return the files that a writer writes to: the live generation, and one under construction."""
        building = self._generations.building()
        return [self._live(), *([self._generations.file(building)] if building is not None else [])]

    def _publish(self, generation: int) -> None:
        with closing(fts5_store.connect(self._generations.file(generation), bulk=True)) as connection:
            connection.execute("DELETE FROM gone")
            fts5_store.optimize(connection)
        self._generations.swap(self._clean(generation), built=True)

    def _clean(self, generation: int) -> int:
        """Return a generation of the same documents without residue: itself if it has none."""
        with closing(fts5_store.connect(self._generations.file(generation))) as connection:
            if fts5_store.meta(connection, "residue") is None:
                return generation
        cleaned = self._generations.next()
        fts5_store.compact(self._generations.file(generation), self._generations.file(cleaned))
        return cleaned


class _Fts5Rebuild:
    """The generation under construction, fed from the catalogue."""

    def __init__(self, generations: Generations, generation: int) -> None:
        self._generations = generations
        self._path = generations.file(generation)

    def put(self, documents: Iterable[IndexDocument]) -> None:
        for chunk in _chunks(documents):
            with (
                _translated(),
                self._generations.writing(),
                closing(fts5_store.connect(self._path, bulk=True)) as connection,
                connection,
            ):
                for document in chunk:
                    fts5_store.write(connection, document, only_new=True)


def _chunks(documents: Iterable[IndexDocument]) -> Iterator[list[prepared.Prepared]]:
    remaining = iter(documents)
    while chunk := [prepared.prepare(document) for document in islice(remaining, _CHUNK)]:
        yield chunk


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise Unavailable(f"The index cannot be used ({error}). Try again; if it stays so, run `muniment reindex`.") from error
