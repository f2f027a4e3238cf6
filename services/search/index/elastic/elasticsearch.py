"""Elasticsearch by its official client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import streaming_bulk

from services.search.index.elastic import transport
from services.search.index.elastic.transport import Action, Endpoint, EngineError, Outcome, unreachable

_HEADERS = {"accept": "application/json", "content-type": "application/json"}


class ElasticsearchTransport:
    """Connections are opened when needed; only a request that found no connection is sent again by itself."""

    def __init__(self, endpoint: Endpoint) -> None:
        trusted: dict[str, Any] = {"ca_certs": str(endpoint.ca)} if endpoint.ca else {}
        self._client = Elasticsearch(
            list(endpoint.hosts),
            basic_auth=endpoint.basic,
            api_key=endpoint.api_key,
            **trusted,
            request_timeout=endpoint.seconds,
            max_retries=2,
            connections_per_node=transport.CONNECTIONS,
            retry_on_status=(),
            retry_on_timeout=False,
        )

    def request(
        self, method: str, path: str, body: object = None, *, seconds: float | None = None, **params: str
    ) -> dict[str, Any]:
        client = self._client if seconds is None else self._client.options(request_timeout=seconds)
        try:
            answer = client.perform_request(method, path, params=params, headers=_HEADERS, body=body).body
        except ApiError as error:
            raise EngineError(error.status_code, error.body) from error
        except TransportError as error:
            raise unreachable(error) from error
        assert isinstance(answer, dict), "every request of ours is answered with an object"
        return answer

    def bulk(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        try:
            yield from streaming_bulk(
                self._client.options(request_timeout=60),
                actions,  # type: ignore[arg-type]  # expanded already
                expand_action_callback=lambda action: action,  # type: ignore[arg-type, return-value]
                chunk_size=transport.CHUNK_DOCUMENTS,
                max_chunk_bytes=transport.CHUNK_BYTES,
                raise_on_error=False,
                max_retries=transport.RETRIES,
                initial_backoff=transport.FIRST_WAIT,
                max_backoff=transport.LONGEST_WAIT,
                require_alias=True,
            )
        except ApiError as error:
            raise EngineError(error.status_code, error.body) from error
        except TransportError as error:
            raise unreachable(error) from error

    def close(self) -> None:
        self._client.close()
