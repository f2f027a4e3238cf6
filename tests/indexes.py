"""Indexes for tests: embedded, and on the engines that the ``MUNIMENT_TEST_…`` variables name. A test that asks for an engine
where there is none fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from services.search.index.elastic.generations import Pace
from services.search.index.elastic.index import ElasticIndex
from services.search.index.elastic.opening import client
from services.search.index.elastic.transport import Endpoint, EngineError, Transport
from services.search.index.fts5 import Fts5Index
from services.search.index.port import Index

ENGINES = [pytest.param(name, marks=pytest.mark.cluster) for name in ("elasticsearch", "opensearch")]
INDEXES = [pytest.param("fts5"), *ENGINES]
"""What every suite over the index is parametrised with."""

PACE = Pace(sign=0.3, patience=2.0, grace=0.3)


def endpoint(engine: str) -> Endpoint:
    """The engine, with a prefix of its own."""
    name = f"MUNIMENT_TEST_{engine.upper()}_"
    url = os.environ.get(f"{name}URL")
    if not url:
        pytest.fail(f"{name}URL names no server. “make test-cluster” starts one and sets it.", pytrace=False)
    ca = os.environ.get(f"{name}CA")
    found = Endpoint.parse(f"{engine}+{url}", ca=Path(ca) if ca else None)
    user, password = (os.environ.get(f"{name}{part}") for part in ("USER", "PASSWORD"))
    return replace(found, prefix=f"test-{uuid4().hex[:12]}", user=user, password=password, seconds=60.0)


@contextmanager
def engine_index(where: Endpoint, transport: Transport | None = None) -> Iterator[ElasticIndex]:
    """An empty index that lives as long as the block."""
    index = ElasticIndex(transport or client(where), where, PACE)
    try:
        yield index
    finally:
        index.close()
        forget(where)


@contextmanager
def index_of(kind: str, folder: Path) -> Iterator[Index]:
    """An empty index of any kind."""
    if kind != "fts5":
        with engine_index(endpoint(kind)) as index:
            yield index
        return
    embedded = Fts5Index(folder)
    yield embedded
    embedded.close()


def forget(where: Endpoint) -> None:
    """Remove everything under the prefix."""
    transport = client(where)
    for index in transport.request("GET", f"/{where.prefix}-*/_alias"):
        transport.request("DELETE", f"/{index}")
    with suppress(EngineError):
        transport.request("DELETE", f"/_index_template/{where.prefix}-items")
    transport.close()
