"""The ledger's entries outside the archive, in the write-once store of its checkpoints: one object for what was entered between
two of these, as JSON lines exactly as they were hashed. With a signed checkpoint anybody can prove them, without the archive.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from services.kernel.blobs.port import BlobStore
from services.kernel.db import Database
from services.kernel.errors import Conflict, NotFound
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry

PREFIX = "entries-"
DIGITS = 15


def ship(database: Database, store: BlobStore, size: int) -> str:
    """Puts there the entries that the checkpoint over ``size`` entries vouches for and the one before does not; the object's
    name. What lies there already stays as it is."""
    before = select(func.max(LedgerCheckpoint.size)).where(LedgerCheckpoint.size < size)
    with database.read() as session:
        start = session.scalar(before) or 0
        rows = select(LedgerEntry.data).where(LedgerEntry.position >= start, LedgerEntry.position < size)
        lines = session.scalars(rows.order_by(LedgerEntry.position).execution_options(yield_per=1000))
        name = f"{PREFIX}{start:0{DIGITS}}-{size:0{DIGITS}}"
        try:
            writer = store.create(name)
        except Conflict:
            _stands(store, name)
            return name
        try:
            for data in lines:
                writer.write(data + b"\n")
            writer.commit()
        except Conflict:  # another has just put it there
            return name
        except BaseException:
            writer.abort()
            raise
    return name


def entries(store: BlobStore, start: int) -> Iterator[bytes]:
    """The entries from position ``start`` on, as far as they lie there without a gap. Whether they are what was entered, a
    checkpoint tells."""
    position = start
    for first, end, name in sorted(_segments(store)):
        if first > position:
            return
        if end <= position:
            continue
        with store.open(name) as source:
            for number, line in enumerate(source, first):
                if number == position:
                    yield line.removesuffix(b"\n")
                    position += 1


def _stands(store: BlobStore, name: str) -> None:
    """Raises ``NotFound`` where what is in the way is only what a writer left who died; that is gone after a day."""
    try:
        with store.open(name):
            pass
    except NotFound:
        store.sweep()
        raise


def _segments(store: BlobStore) -> Iterator[tuple[int, int, str]]:
    for name in store.names():
        if name.startswith(PREFIX):
            first, end = name.removeprefix(PREFIX).split("-")
            yield int(first), int(end), name
