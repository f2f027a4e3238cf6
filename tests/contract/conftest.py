"""What the contract suites run against: object stores from ``stores.STORES``, databases from ``tests.databases``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kernel.blobs.port import BlobStore
from services.kernel.blobs.sealed import SealedStore
from services.kernel.db import Database
from tests.contract.stores import STORES, Bench


@pytest.fixture
def queue(database: Database) -> Database:
    """A migrated catalogue without jobs."""
    return database


@pytest.fixture(params=STORES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with request.param(tmp_path / "objects") as bench:
        yield bench


@pytest.fixture
def store(bench: Bench) -> BlobStore:
    return bench.store


@pytest.fixture
def sealed(bench: Bench) -> SealedStore:
    return SealedStore(bench.store)
