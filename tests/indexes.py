"""Indexes for tests: embedded, and on the real engines. A test that asks for one where there is none fails."""

from __future__ import annotations

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
from tests.engines import value

ENGINES = [pytest.param(name, marks=pytest.mark.cluster) for name in ("elasticsearch", "opensearch")]
INDEXES = [pytest.param("fts5"), *ENGINES]
"""What every suite over the index is parametrised with."""

PACE = Pace(sign=0.3, patience=2.0, grace=0.3)


def endpoint(engine: str) -> Endpoint:
    """The engine, with a prefix of its own."""
    server = f"MUNIMENT_TEST_{engine.upper()}"
    found = replace(Endpoint.parse(f"{engine}+{value(server)}"), prefix=f"test-{uuid4().hex[:12]}", seconds=60.0)
    if engine != "elasticsearch":
        return found  # the build that the tests have is without security
    return replace(found, user=value(server, "USER"), password=value(server, "PASSWORD"), ca=Path(value(server, "CA")))


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
