"""Expunging: the engine only marks documents as deleted; their text goes when the segments that hold it are merged.

A merge keeps what shard copies may still need to catch up (retention leases, renewed every 30 seconds), so we wait until no
lease reaches back to the deleted documents, then merge every segment with a deletion, then see that those segments are gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from services.kernel.errors import Unavailable
from services.search.index.elastic.transport import EngineError, Transport

LEASES_SECONDS = 90.0
_MERGE_SECONDS = 3600.0
_ROUNDS = 5


def expunge(transport: Transport, index: str, newest: int | None) -> None:
    """Return when no file of ``index`` holds what was deleted from it before; an index that was removed has no files.

    ``newest`` is the highest sequence number of the deleted documents, where it is known: leases beyond it need no waiting.
    Raises ``Unavailable`` if the engine does not come to it; deleting again goes on from there.
    """
    try:
        _expunge(transport, index, newest)
    except EngineError as error:
        if error.status != 404:
            raise


def _expunge(transport: Transport, index: str, newest: int | None) -> None:
    transport.request("POST", f"/{index}/_refresh", seconds=60)
    if not _with_deletions(transport, index):
        return
    bounds = {shard: copy["seq_no"]["max_seq_no"] for shard, copy in _copies(transport, index)}
    _await_leases(transport, index, {shard: last if newest is None else min(last, newest) for shard, last in bounds.items()})
    for _ in range(_ROUNDS):
        transport.request("POST", f"/{index}/_flush", seconds=60)
        before = _with_deletions(transport, index)
        transport.request("POST", f"/{index}/_forcemerge", seconds=_MERGE_SECONDS, only_expunge_deletes="true")
        transport.request("POST", f"/{index}/_refresh", seconds=60)  # a searcher opened before holds on to what was merged
        if not before & _with_deletions(transport, index):
            for _ in range(2):  # the first commits the merge, the second lets go of the commit before it and of the translog
                transport.request("POST", f"/{index}/_flush", seconds=60, force="true")
            return
    raise Unavailable("The deleted documents are not yet out of the index's files. Delete them again.")


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


def _with_deletions(transport: Transport, index: str) -> set[tuple[str, str, str]]:
    """Return the segments that hold deleted documents, by shard, node and name."""
    answer = transport.request("GET", f"/{index}/_segments")
    return {
        (shard, copy["routing"]["node"], name)
        for each in answer["indices"].values()
        for shard, copies in each["shards"].items()
        for copy in copies
        for name, segment in copy["segments"].items()
        if segment["deleted_docs"]
    }
