"""OpenSearch by its official client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from opensearchpy import OpenSearch, TransportError
from opensearchpy.helpers import streaming_bulk

from services.search.index.elastic import transport
from services.search.index.elastic.transport import Action, Endpoint, EngineError, Outcome, unreachable


class OpenSearchTransport:
    """Connections are opened when needed; only a request that found no connection is sent again by itself."""

    def __init__(self, endpoint: Endpoint) -> None:
        trusted: dict[str, Any] = {"ca_certs": str(endpoint.ca)} if endpoint.ca else {}
        self._client = OpenSearch(
            list(endpoint.hosts),
            http_auth=endpoint.basic,
            **trusted,
            timeout=endpoint.seconds,
            max_retries=2,
            pool_maxsize=transport.CONNECTIONS,
            retry_on_status=(),
            retry_on_timeout=False,
        )

    def request(
        self, method: str, path: str, body: object = None, *, seconds: float | None = None, **params: str
    ) -> dict[str, Any]:
        try:
            answer = self._client.transport.perform_request(method, path, params=params, body=body, timeout=seconds)
        except TransportError as error:
            raise _translated(error) from error
        assert isinstance(answer, dict), "every request of ours is answered with an object"
        return answer

    def bulk(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        try:
            yield from streaming_bulk(
                self._client,
                actions,
                expand_action_callback=lambda action: action,
                chunk_size=transport.CHUNK_DOCUMENTS,
                max_chunk_bytes=transport.CHUNK_BYTES,
                raise_on_error=False,
                max_retries=transport.RETRIES,
                initial_backoff=transport.FIRST_WAIT,  # type: ignore[arg-type]  # seconds, of any kind
                max_backoff=transport.LONGEST_WAIT,  # type: ignore[arg-type]
                require_alias=True,
                request_timeout=60,
            )
        except TransportError as error:
            raise _translated(error) from error

    def close(self) -> None:
        self._client.close()


def _translated(error: TransportError) -> Exception:
    """The client raises one family for what the engine refuses and for an engine that cannot be reached."""
    return EngineError(error.status_code, error.info) if isinstance(error.status_code, int) else unreachable(error)
