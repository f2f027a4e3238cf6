"""Clients of the real servers that ``make test-cluster`` starts. A test that asks for one where there is none fails."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
import redis
from botocore.config import Config
from elasticsearch import Elasticsearch
from opensearchpy import OpenSearch

ELASTICSEARCH = "MUNIMENT_TEST_ELASTICSEARCH"
OPENSEARCH = "MUNIMENT_TEST_OPENSEARCH"
POSTGRESQL = "MUNIMENT_TEST_POSTGRESQL"
REDIS = "MUNIMENT_TEST_REDIS"
S3 = "MUNIMENT_TEST_S3"
S3_BACKUP = "MUNIMENT_TEST_S3_BACKUP"


def value(engine: str, what: str = "URL") -> str:
    """A variable of deploy/dev/servers."""
    name = f"{engine}_{what}"
    if not os.environ.get(name):
        pytest.fail(f"{name} is not set. “make test-cluster” starts the servers and sets it.", pytrace=False)
    return os.environ[name]


def redis_client() -> redis.Redis:
    return redis.Redis.from_url(value(REDIS), socket_timeout=10)


def s3_client(store: str = S3) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=value(store),
        aws_access_key_id=value(store, "ACCESS_KEY"),
        aws_secret_access_key=value(store, "SECRET_KEY"),
        region_name="us-east-1",
        config=Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 1}),
    )


def elasticsearch_client(api_key: str | None = None) -> Elasticsearch:
    """As the superuser of the tests, or as whoever holds the key. Its certificate is verified."""
    identity: dict[str, Any] = {"api_key": api_key}
    if api_key is None:
        identity = {"basic_auth": (value(ELASTICSEARCH, "USER"), value(ELASTICSEARCH, "PASSWORD"))}
    return Elasticsearch(value(ELASTICSEARCH), ca_certs=value(ELASTICSEARCH, "CA"), request_timeout=30, **identity)


def opensearch_client() -> OpenSearch:
    return OpenSearch(value(OPENSEARCH), timeout=30)
