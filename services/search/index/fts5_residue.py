"""What one generation of the FTS5 index still holds of items that were deleted: asked of its tables and of the terms of its
full-text segments, decoded by ``fts5vocab``, and not by a search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import apsw

from services.search.index import fts5_store

_AT_ONCE = 500


def found(path: Path, item_ids: Sequence[str]) -> Iterator[str]:
    """Yield what is there, in words. A term of no document, a row of no item, a file that is not compacted are told too."""
    with closing(fts5_store.connect(path)) as connection:
        for first in range(0, len(item_ids), _AT_ONCE):
            chunk = list(item_ids[first : first + _AT_ONCE])
            marks = ", ".join("?" * len(chunk))
            for (item_id,) in connection.execute(f"SELECT item_id FROM item WHERE item_id IN ({marks})", chunk):  # noqa: S608
                yield f"document {item_id} in {path.name}"
        if fts5_store.meta(connection, "residue") is not None:
            yield f"deleted text in the slack of {path.name}"
        for table in ("words", "named"):
            if orphans := _terms_of_none(connection, table):
                yield f"{orphans} terms of deleted documents in {path.name}"
        for table, column in (("content", "n"), ("page", f"place / {fts5_store.PAGES}")):
            left = connection.execute(f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT n FROM item)").get  # noqa: S608
            if left:
                yield f"{left} rows of deleted documents in {path.name}"


def _terms_of_none(connection: apsw.Connection, table: str) -> int:
    """Return how many terms of a full-text table stand for a document that is not there."""
    connection.execute(f"CREATE VIRTUAL TABLE temp.seen USING fts5vocab('main', '{table}', 'instance')")
    try:
        query = "SELECT count(DISTINCT term) FROM temp.seen WHERE doc NOT IN (SELECT n FROM item)"
        count: int = connection.execute(query).get
        return count
    finally:
        connection.execute("DROP TABLE temp.seen")
