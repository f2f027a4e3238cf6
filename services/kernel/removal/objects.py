"""The object stores' part: each object in each store, with all its versions and delete markers."""

from __future__ import annotations

from collections.abc import Iterable

from services.kernel.blobs.port import BlobStore
from services.kernel.errors import Conflict


def remove(store: BlobStore, names: Iterable[str]) -> dict[str, str]:
    """Removes them for good; those that are gone already are no error. Returns what stands in the way, by name: a lock that has
    not run out. Raises ``Unavailable`` where a store does not answer: then nothing is known, and it is tried again."""
    locked: dict[str, str] = {}
    for name in names:
        try:
            store.delete(name)
        except Conflict as error:
            locked[name] = error.detail
    return locked


def left(store: BlobStore, names: Iterable[str]) -> list[str]:
    """What the stores still hold under these names: ``name: version …``."""
    return [f"{name}: {trace}" for name in names for trace in store.traces(name)]
