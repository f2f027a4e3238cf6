"""From settings to an index on an engine."""

from __future__ import annotations

from pathlib import Path

from services.search.index.elastic.index import ElasticIndex
from services.search.index.elastic.transport import Endpoint, Transport


def open_index(url: str, *, api_key: str | None = None, ca: Path | None = None) -> ElasticIndex:
    """Return the index that ``url`` names (see ``Endpoint.parse``); nothing is asked of it yet. Raises ``InvalidInput``."""
    endpoint = Endpoint.parse(url, api_key=api_key, ca=ca)
    return ElasticIndex(client(endpoint), endpoint)


def client(endpoint: Endpoint) -> Transport:
    """Return the client for an engine. Only that one is imported: each takes a while."""
    if endpoint.engine == "elasticsearch":
        from services.search.index.elastic.elasticsearch import ElasticsearchTransport

        return ElasticsearchTransport(endpoint)
    from services.search.index.elastic.opensearch import OpenSearchTransport

    return OpenSearchTransport(endpoint)
