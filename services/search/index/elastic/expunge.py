"""Expunging: the engine only marks documents as deleted; their text goes when the segments that hold it are merged.

A merge keeps what shard copies may still need to catch up: operations that a retention lease reaches back to, and leases are
renewed every 30 seconds only. So we wait until none reaches back to the deleted documents, then merge every segment that holds
deletions, then look that they are gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.kernel.errors import Unavailable
from services.search.index.elastic.transport import EngineError, Transport

LEASES_SECONDS = 90.0
_MERGE_SECONDS = 3600.0
_ROUNDS = 3

Segment = tuple[str, str, str]
"""A segment of a shard's copy: the shard, the node, its name."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted from an index: the highest sequence number of the documents, and by how many operations.

    ``newest`` is None where some of them were not there, perhaps as a deletion before was cut short.
    """

    newest: int | None
    operations: int


UNTOLD = Deleted(None, 0)
"""Whatever was deleted before, by whomever."""


def expunge(transport: Transport, index: str, deleted: Deleted) -> None:
    """Return when no file of ``index`` holds what was deleted from it; an index that was removed has no files.

    Raises ``Unavailable`` if the engine does not come to it; deleting again goes on from there.
    """
    try:
        _expunge(transport, index, deleted)
    except EngineError as error:
        if error.status != 404:
            raise


def _expunge(transport: Transport, index: str, deleted: Deleted) -> None:
    transport.request("POST", f"/{index}/_refresh", seconds=60)
    if not _with_deletions(transport, index):
        return
    if not _at_once(transport, index, deleted) and not any(_thoroughly(transport, index) for _ in range(_ROUNDS)):
        raise Unavailable("The deleted documents are not yet out of the index's files. Delete them again.")
    for _ in range(2):  # the first commits the merge, the second lets go of the commit before it and of the translog
        transport.request("POST", f"/{index}/_flush", seconds=60, force="true")


def _at_once(transport: Transport, index: str, deleted: Deleted) -> bool:
    """Merge, if no lease reaches back to the documents; return whether only the operations that deleted them are left."""
    newest = deleted.newest
    if newest is None or any(lease["retaining_seq_no"] <= newest for _, lease in _leases(transport, index)):
        return False
    _merge(transport, index)
    left: dict[tuple[str, str], int] = {}
    for (shard, node, _), count in _with_deletions(transport, index).items():
        left[shard, node] = left.get((shard, node), 0) + count
    return all(count <= deleted.operations for count in left.values())


def _thoroughly(transport: Transport, index: str) -> bool:
    """Wait until no lease reaches back to anything there is, and merge; return whether all segments with deletions are gone."""
    before = _with_deletions(transport, index)
    _await_leases(transport, index, {shard: copy["seq_no"]["max_seq_no"] for shard, copy in _copies(transport, index)})
    _merge(transport, index)
    return before.keys().isdisjoint(_with_deletions(transport, index))


def _merge(transport: Transport, index: str) -> None:
    """Merge segments with deletions. What is not yet in a commit is not dropped; a searcher holds on to what was merged."""
    transport.request("POST", f"/{index}/_flush", seconds=60, force="true")
    transport.request("POST", f"/{index}/_forcemerge", seconds=_MERGE_SECONDS, only_expunge_deletes="true")
    transport.request("POST", f"/{index}/_refresh", seconds=60)


def _await_leases(transport: Transport, index: str, bounds: Mapping[str, int]) -> None:
    until = time.monotonic() + LEASES_SECONDS
    while any(lease["retaining_seq_no"] <= bounds[shard] for shard, lease in _leases(transport, index) if shard in bounds):
        if time.monotonic() > until:
            raise Unavailable("A copy of the index that is away still needs the deleted documents. Bring it back or remove it.")
        time.sleep(1)


def _leases(transport: Transport, index: str) -> Iterator[tuple[str, Any]]:
    for shard, copy in _copies(transport, index):
        for lease in copy["retention_leases"]["leases"]:
            yield shard, lease


def _copies(transport: Transport, index: str) -> Iterator[tuple[str, Any]]:
    """Yield the statistics of each shard's copies, with the shard's number."""
    answer = transport.request("GET", f"/{index}/_stats", level="shards")
    for each in answer["indices"].values():
        for shard, copies in each["shards"].items():
            for copy in copies:
                yield shard, copy


def _with_deletions(transport: Transport, index: str) -> dict[Segment, int]:
    """Return the segments that hold deleted documents, and how many."""
    answer = transport.request("GET", f"/{index}/_segments")
    return {
        (shard, copy["routing"]["node"], name): segment["deleted_docs"]
        for each in answer["indices"].values()
        for shard, copies in each["shards"].items()
        for copy in copies
        for name, segment in copy["segments"].items()
        if segment["deleted_docs"]
    }
