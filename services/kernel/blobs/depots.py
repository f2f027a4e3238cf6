"""Where backups lie: three places in one store for what goes together, and one elsewhere for the keys."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.blobs.port import BlobStore


@dataclass(frozen=True, slots=True)
class Depot:
    """``sets`` holds one small object a backup, which says what belongs to it; ``chunks`` pieces of the catalogue, which
    backups share."""

    sets: BlobStore
    chunks: BlobStore


@dataclass(frozen=True, slots=True)
class BackupPlaces:
    """``catalogue`` without a key, ``objects`` as they lie in the archive (ciphertext, under the same names), and ``keys``
    elsewhere: neither opens anything without the other."""

    catalogue: Depot
    objects: BlobStore
    keys: Depot
