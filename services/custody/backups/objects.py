"""Objects go into a backup as they lie in the archive: ciphertext, under the same name, once. They are read for it in full, so
a backup never has what the archive did not store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.custody.backups.depot import OpenDepot
from services.custody.backups.rows import decode
from services.custody.backups.sets import TableCopy
from services.kernel.blobs.port import BlobStore
from services.kernel.errors import Conflict, MunimentError, NotFound

PIECE = 1 << 20
MOST_PROBLEMS = 50
Row = Mapping[str, Any]


@dataclass(slots=True)
class Copied:
    objects: int = 0
    written: int = 0
    problems: list[str] = field(default_factory=list)

    def fault(self, problem: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def rows_of(depot: OpenDepot, table: TableCopy, skip: frozenset[str] = frozenset()) -> Iterator[Row]:
    """The rows of a table in a backup, without those of the chunks to skip."""
    for chunk in table.chunks:
        if chunk not in skip:
            for line in depot.get(chunk).splitlines():
                yield decode(line, table.columns)


def copy_rows(
    rows: Iterator[Row],
    source: BlobStore,
    target: BlobStore,
    *,
    gone: Callable[[str], bool] = lambda name: False,
    beat: Callable[[], None] = lambda: None,
    doubt: bool = False,
) -> Copied:
    """Brings each object of rows of ``blobs`` from one store into the other. ``gone`` tells of one that is not there whether it
    was removed lawfully since; ``beat`` is called between two of them. ``doubt``: what lies in the target is read, and makes
    room where it is not what it should be."""
    copied = Copied()
    for row in rows:
        beat()
        name = row["name"]
        if target.exists(name):
            if not doubt or fault(target, name, row["stored_sha256"]) is None:
                continue
            target.delete(name)
        try:
            copied.written += _copy(name, row["stored_sha256"], source, target)
            copied.objects += 1
        except NotFound:
            if not gone(name):
                copied.fault(f"object {name} is missing")
        except _Changed:
            copied.fault(f"object {name} is not what was stored")
    return copied


class _Changed(Exception):
    pass


def _copy(name: str, expected: str, source: BlobStore, target: BlobStore) -> int:
    digest, size = hashlib.sha256(), 0
    with source.open(name) as content:
        try:
            writer = target.create(name)
        except Conflict:
            return 0
        try:
            while piece := content.read(PIECE):
                digest.update(piece)
                size += len(piece)
                writer.write(piece)
            if digest.hexdigest() != expected:
                raise _Changed
            writer.commit()
        except Conflict:  # another has just brought it
            return 0
        except BaseException:
            writer.abort()
            raise
    return size


def fault(store: BlobStore, name: str, expected: str) -> str | None:
    """What is wrong with a stored object; None where it is what was stored."""
    digest = hashlib.sha256()
    try:
        with store.open(name) as content:
            while piece := content.read(PIECE):
                digest.update(piece)
    except NotFound:
        return f"object {name} is missing"
    except (MunimentError, OSError):
        return f"object {name} cannot be read"
    return None if digest.hexdigest() == expected else f"object {name} is not what was stored"
