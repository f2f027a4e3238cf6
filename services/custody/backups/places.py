"""What whoever makes, tries or restores a backup works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.custody.backups.depot import OpenDepot
from services.kernel.blobs.depots import BackupPlaces
from services.kernel.blobs.port import BlobStore

CATALOGUE, KEYS = "catalogue", "keys"


@dataclass(frozen=True, slots=True)
class Places:
    """``outside``: the write-once store of checkpoints, entries and tombstones. ``beat`` gives a sign of life now and then, and
    raises where the work is to end."""

    catalogue: OpenDepot
    objects: BlobStore
    keys: OpenDepot
    outside: BlobStore
    beat: Callable[[], None]


def opened(places: BackupPlaces, key: bytes, outside: BlobStore, beat: Callable[[], None] = lambda: None) -> Places:
    """``key`` is that of ``backup.key``."""
    return Places(OpenDepot(places.catalogue, key, CATALOGUE), places.objects, OpenDepot(places.keys, key, KEYS), outside, beat)
