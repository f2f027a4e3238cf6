"""What the contract suites run against. An adapter joins by a line in ``STORES``, a database in ``tests.databases``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.port import BlobStore
from services.kernel.blobs.sealed import SealedStore
from services.kernel.db import Database


@pytest.fixture
def queue(database: Database) -> Database:
    """A migrated catalogue without jobs."""
    return database


@dataclass(frozen=True)
class Bench:
    """A store, with a way to change its raw bytes behind its back."""

    store: BlobStore
    raw: Callable[[str], bytes]
    tamper: Callable[[str, bytes], None]


def local(folder: Path) -> Bench:
    store = LocalBlobStore(folder)
    return Bench(store, lambda name: store._path(name).read_bytes(), lambda name, data: store._path(name).write_bytes(data))


STORES = [local]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def bench(request, tmp_path) -> Bench:
    return request.param(tmp_path / "objects")


@pytest.fixture
def store(bench) -> BlobStore:
    return bench.store


@pytest.fixture
def sealed(bench) -> SealedStore:
    return SealedStore(bench.store)
