"""What the adapter needs of an engine's client, where the engine is, and how its errors are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from services.kernel.errors import InvalidInput, MunimentError, Unavailable

Action = tuple[dict[str, Any], dict[str, Any] | None]
"""One line of a bulk request and the document that follows it, if any."""

Outcome = tuple[bool, dict[str, Any]]
"""Whether an action was carried out, and the engine's answer to it: ``{"index": {"_id": …, "status": …, …}}``."""

CONNECTIONS = 32
"""Kept open to each host: as many as a process has threads that search."""

CHUNK_BYTES = 4 << 20
CHUNK_DOCUMENTS = 500
RETRIES = 12
FIRST_WAIT, LONGEST_WAIT = 0.25, 10.0
"""A bulk request that the engine has no room for (429) is sent again after so many seconds, doubled each time."""


class EngineError(Exception):
    """The engine answered with an HTTP status ≥ 400; ``kind`` is its name for the error. No text of a document is in it."""

    def __init__(self, status: int, body: object) -> None:
        error = body.get("error") if isinstance(body, dict) else None
        self.status = status
        self.kinds = frozenset(_kinds(error))
        self.kind = error.get("type", "") if isinstance(error, dict) else ""
        super().__init__(f"HTTP {status} {self.kind}".strip())

    def told(self) -> MunimentError:
        """Return the error as the port's callers know it."""
        if self.kinds & {"too_many_clauses", "too_many_nested_clauses"}:
            return InvalidInput("The query has too many parts for the index. Shorten the quoted text or leave words out.")
        if self.status in (401, 403):
            return Unavailable(
                f"The index refuses the archive's key ({self}). Give it the rights listed in docs/index-engines.md."
            )
        return Unavailable(f"The index cannot answer ({self}). Try again; if it stays so, look into the engine's log.")


class Transport(Protocol):
    """An engine's client. Raises ``EngineError`` for what the engine refuses, ``Unavailable`` where it cannot be reached."""

    def request(
        self, method: str, path: str, body: object = None, *, seconds: float | None = None, **params: str
    ) -> dict[str, Any]:
        """Return the answer to one request. ``seconds`` limits the wait where it is not the usual one."""

    def bulk(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        """Send actions in chunks, in order, waiting where the engine has no room. Each ``_index`` must be an alias."""

    def close(self) -> None:
        """Close idle connections."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the engine is and how to sign in. ``hosts`` are URLs; ``prefix`` begins the names of everything we make there."""

    engine: str
    hosts: tuple[str, ...]
    prefix: str = "muniment"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    ca: Path | None = None
    shards: int = 1
    replicas: str = "0-1"
    seconds: float = 10.0

    @classmethod
    def parse(cls, url: str, *, api_key: str | None = None, ca: Path | None = None) -> Endpoint:
        """Read ``elasticsearch+https://[user:password@]host:port[,host:port]/[prefix][?shards=1&replicas=0-1&seconds=10]``.

        Raises ``InvalidInput``.
        """
        try:
            parts = urlsplit(url)
            engine, _, scheme = parts.scheme.partition("+")
            more = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
            shards, seconds = int(more.pop("shards", "1")), float(more.pop("seconds", "10"))
            replicas = more.pop("replicas", "0-1")
        except ValueError as error:
            raise InvalidInput(f"index_url cannot be read ({error}).") from error
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        hosts = tuple(f"{scheme}://{host}" for host in parts.netloc.rpartition("@")[2].split(",") if host)
        if engine not in ("elasticsearch", "opensearch") or scheme not in ("http", "https") or not hosts or more:
            raise InvalidInput(
                "index_url must read like elasticsearch+https://host:9200/muniment or opensearch+https://host:9200."
            )
        if api_key is not None and engine == "opensearch":
            raise InvalidInput("OpenSearch has no API keys: put user:password@ before the host in index_url.")
        return cls(
            engine=engine,
            hosts=hosts,
            prefix=parts.path.strip("/") or "muniment",
            user=unquote(user) or None,
            password=unquote(password) or None,
            api_key=api_key,
            ca=ca,
            shards=shards,
            replicas=replicas,
            seconds=seconds,
        )

    @property
    def basic(self) -> tuple[str, str] | None:
        return (self.user, self.password or "") if self.user is not None else None


def unreachable(reason: Exception) -> Unavailable:
    """Return what to say when no answer came."""
    return Unavailable(f"The index cannot be reached ({type(reason).__name__}). Start it, or check index_url and index_ca.")


def _kinds(error: object) -> Iterator[str]:
    """Yield the names of an error and of its causes."""
    if isinstance(error, dict):
        if isinstance(kind := error.get("type"), str):
            yield kind
        for name in ("root_cause", "caused_by", "failed_shards", "reason"):
            inner = error.get(name)
            for each in inner if isinstance(inner, list) else [inner]:
                yield from _kinds(each)
