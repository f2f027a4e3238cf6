"""Everything here needs the real servers, and fails where one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from elasticsearch import Elasticsearch
from opensearchpy import OpenSearch

from tests import engines

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker("cluster")


@pytest.fixture
def postgresql() -> Iterator[psycopg.Connection]:
    with psycopg.connect(engines.value(engines.POSTGRESQL), autocommit=True) as connection:
        yield connection


@pytest.fixture
def redis_client() -> Iterator[redis.Redis]:
    with engines.redis_client() as client:
        yield client


@pytest.fixture(params=[engines.S3, engines.S3_BACKUP], ids=["main", "backup"])
def s3(request: pytest.FixtureRequest) -> Any:
    return engines.s3_client(request.param)


@pytest.fixture
def bucket(s3: Any) -> str:
    """A new bucket with versions and Object Lock. It stays: what is locked cannot go."""
    name = f"test-{uuid4().hex}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def elasticsearch() -> Iterator[Elasticsearch]:
    with engines.elasticsearch_client() as client:
        yield client


@pytest.fixture
def opensearch() -> Iterator[OpenSearch]:
    client = engines.opensearch_client()
    yield client
    client.close()


@pytest.fixture
def index() -> str:
    """A name that no other test uses."""
    return f"muniment-test-{uuid4().hex}"
