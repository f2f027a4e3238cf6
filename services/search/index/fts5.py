"""The index on SQLite FTS5: the embedded adapter, for one machine and several processes.

Readers never wait for writers (WAL). A deletion takes the tokens out of the full-text index, then copies the generation
without the slack of its pages and swaps: SQLite zeroes what it frees, but not what it moves.
"""

from __future__ import annotations

import heapq
import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import apsw

from services.kernel.errors import Conflict, Unavailable
from services.kernel.policy.masks import mask_values
from services.search.index import cursor, fts5_match, fts5_store, prepared, snippets
from services.search.index.generations import Generations
from services.search.index.port import FACETS, Filters, Hit, IndexDocument, Page, Scope, Search
from services.search.query import Everything, scored_words

_CHUNK = 64
_FILTERED = {
    "types": "type",
    "states": "state",
    "departments": "department",
    "customer_types": "customer_type",
    "business_types": "business_type",
}


class _Row(NamedTuple):
    """A match; rows sort as the answer does: ``score`` and ``received`` are negated where the largest comes first."""

    score: float
    received: int
    item_id: str
    n: int
    facet: int


class Fts5Index:
    """The index in ``folder``, made if it is not there. Safe for threads and processes; connections open when needed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._generations = Generations(folder)
        self._readers = _Readers(self._generations)
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

    def delete(self, item_ids: Iterable[str]) -> None:
        wanted = list(item_ids)
        with _translated(), self._generations.writing():
            for path in self._written():
                with closing(fts5_store.connect(path)) as connection, connection:
                    removed = [fts5_store.remove(connection, item_id) for item_id in wanted]
                    if any(removed):
                        fts5_store.set_meta(connection, "residue", "1")
                    if path != self._live():
                        connection.executemany("INSERT OR IGNORE INTO gone VALUES (?)", [(item_id,) for item_id in wanted])
            self._generations.swap(self._clean(self._current()))

    def search(self, search: Search) -> Page:
        begin = cursor.begin(search)
        if search.scope.empty:
            return Page(0, (), {name: {} for name in FACETS}, None)
        with _translated(), self._readers.reader() as connection, connection:
            rows = _rows(connection, search)
            shown = heapq.nsmallest(search.limit + 1, _after(search, begin, rows))
            more = len(shown) > search.limit
            hits = tuple(_hit(connection, search, row) for row in shown[: search.limit])
            facets = _facets(connection, Counter(row.facet for row in rows))
        return Page(len(rows), hits, facets, _next(search, shown[search.limit - 1]) if more else None)

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
                connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
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
            connection.execute(
                "DELETE FROM gone; INSERT INTO words (words) VALUES ('optimize'); PRAGMA wal_checkpoint(TRUNCATE)"
            )
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


class _Readers:
    """Connections for reading, kept for the next question; those of an older generation or another process are not used."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._idle: list[tuple[int, int, apsw.Connection]] = []
        self._lock = threading.Lock()

    @contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        while True:
            generation = self._generations.current()
            if generation is None:
                raise Unavailable("The index is not there. Run `muniment reindex`.")
            with self._generations.reading(generation) as live:
                if not live:
                    continue
                connection = self._take(generation)
                try:
                    yield connection
                finally:
                    with self._lock:
                        self._idle.append((os.getpid(), generation, connection))
                return

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process, _, connection in idle:
            if process == os.getpid():
                connection.close()

    def _take(self, generation: int) -> apsw.Connection:
        while True:
            with self._lock:
                process, made_for, connection = self._idle.pop() if self._idle else (0, 0, None)
            if connection is None:
                connection = fts5_store.connect(self._generations.file(generation))
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                connection.execute("PRAGMA query_only = ON")
                return connection
            if process == os.getpid():
                if made_for == generation:
                    return connection
                connection.close()


def _chunks(documents: Iterable[IndexDocument]) -> Iterator[list[prepared.Prepared]]:
    remaining = iter(documents)
    while chunk := [prepared.prepare(document) for document in islice(remaining, _CHUNK)]:
        yield chunk


def _rows(connection: apsw.Connection, search: Search) -> list[_Row]:
    """Return everything that matches, unsorted."""
    conditions, values = _conditions(search.scope, search.filters)
    source = "item"
    if not isinstance(search.query, Everything):
        source = "words CROSS JOIN item ON item.n = words.rowid"
        conditions.insert(0, "words MATCH ?")
        values.insert(0, fts5_match.expression(search.query))
    where = " AND ".join(conditions) or "1"
    sign = _sign(search)
    statement = f"SELECT item.received, item.item_id, item.n, item.facet FROM {source} WHERE {where}"  # noqa: S608  # fixed text
    score = _scores(connection, search)
    return [
        _Row(-score.get(n, 0.0), sign * received, item_id, n, facet)
        for received, item_id, n, facet in connection.execute(statement, values)
    ]


def _sign(search: Search) -> int:
    return 1 if search.sort == "oldest" else -1


def _conditions(scope: Scope, filters: Filters) -> tuple[list[str], list[str | int]]:
    found: list[tuple[str, list[str | int]]] = []
    if not scope.everything:
        lists = {"item.owner_id": scope.owners, "item.department": scope.departments, "item.item_id": scope.items}
        held = {column: _list(values) for column, values in lists.items() if values}
        found.append((f"({' OR '.join(map(_within, held))})", [*held.values()]))
    for name, column in _FILTERED.items():
        if wanted := getattr(filters, name):
            found.append((f"item.facet IN (SELECT id FROM facet WHERE {_within(column)})", [_list(wanted)]))  # noqa: S608
    days = (
        filters.date_from.isoformat() if filters.date_from else None,
        filters.date_to.isoformat() if filters.date_to else None,
    )
    for table, column, (least, most) in (
        ("item_day", "day", days),
        ("item_amount", "cents", (filters.amount_min, filters.amount_max)),
    ):
        bounds = [(f"{column} {sign} ?", bound) for sign, bound in ((">=", least), ("<=", most)) if bound is not None]
        if bounds:
            inside = " AND ".join(condition for condition, _ in bounds)
            found.append((f"EXISTS (SELECT 1 FROM {table} WHERE n = item.n AND {inside})", [bound for _, bound in bounds]))  # noqa: S608
    return [condition for condition, _ in found], [value for _, values in found for value in values]


def _within(column: str) -> str:
    return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608  # fixed names


def _list(values: Iterable[str]) -> str:
    return json.dumps(sorted(values))


def _scores(connection: apsw.Connection, search: Search) -> dict[int, float]:
    """Return how many words of the query name each item, where any does."""
    counted: Counter[int] = Counter()
    if search.sort == "score":
        for word in scored_words(search.query):
            found = connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (fts5_match.named(word),))
            counted.update(n for (n,) in found)
    return {n: float(count) for n, count in counted.items()}


def _after(search: Search, position: cursor.Position | None, rows: list[_Row]) -> list[_Row]:
    """Return the rows behind the search's cursor."""
    if position is None:
        return rows
    last = (-position.score, _sign(search) * position.received, position.item_id)
    return [row for row in rows if row[:3] > last]


def _next(search: Search, last: _Row) -> str:
    return cursor.encode(search.sort, cursor.Position(-last.score, _sign(search) * last.received, last.item_id))


def _hit(connection: apsw.Connection, search: Search, row: _Row) -> Hit:
    columns = "content.reference_code, content.title, content.personal, facet.type"
    code, title, personal, kind = next(
        connection.execute(
            f"SELECT {columns} FROM content JOIN facet ON facet.id = ? WHERE content.n = ?",  # noqa: S608  # fixed text
            (row.facet, row.n),
        )
    )
    names, addresses = json.loads(personal) if search.mask_names else ((), ())
    wanted = snippets.needles(search.query)
    pages = fts5_store.pages_with(connection, row.n, [needle.form for needle in wanted], snippets.MOST)
    found = snippets.snippets(pages, wanted, lambda text: mask_values(text, names, addresses))
    return Hit(row.item_id, code, kind, mask_values(title, names, addresses), abs(row.score), found)


def _facets(connection: apsw.Connection, counted: Counter[int]) -> dict[str, dict[str, int]]:
    totals: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    rows = connection.execute(f"SELECT id, {', '.join(FACETS)} FROM facet")  # noqa: S608  # fixed names
    for number, *values in rows:
        for name, value in zip(FACETS, values, strict=True):
            if value and counted[number]:
                totals[name][value] += counted[number]
    return {name: dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))) for name, counts in totals.items()}


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise Unavailable(f"The index cannot be used ({error}). Try again; if it stays so, run `muniment reindex`.") from error
