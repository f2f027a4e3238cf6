"""How much one may ask in a minute: each person and program of the whole API, each address of the doors. Counted in the
broker's Redis, so for all processes that have it together; by each process for itself where it has none, or does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from services.kernel.errors import TooMany
from services.kernel.queue.redis_errors import NO_SECOND_TRY, RedisError

log = structlog.get_logger("http")
PAUSE_SECONDS = 5.0
"""So long a broker that did not answer is left alone."""
PATIENCE: dict[str, Any] = {
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.5,
    "retry": NO_SECOND_TRY,  # who asks does not wait for a broker that hangs
}


class Limiter:
    """Counts in ``broker`` (a Celery URL), or in this process alone without one."""

    def __init__(self, broker: str | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._own, self._own_turn = FixedWindowRateLimiter(MemoryStorage()), Lock()
        url = (broker or "").replace("redis+socket://", "redis+unix://", 1)
        shared = url.startswith(("redis://", "rediss://", "redis+unix://"))
        self._shared = FixedWindowRateLimiter(_storage(url)) if shared else None
        self._clock, self._silent_until = clock, float("-inf")

    def hit(self, kind: str, who: str | None, most: int) -> None:
        """Counts one. Raises ``TooMany`` where there were ``most`` of this kind from ``who`` within the minute."""
        limit, key = RateLimitItemPerMinute(most, namespace="muniment"), (kind, who or "unknown")
        if not self._hit(limit, *key):
            seconds = 60 - int(time.time()) % 60
            raise TooMany(f"More than {most} requests a minute. Wait {seconds} s, then go on more slowly.", retry_after=seconds)

    def _hit(self, limit: RateLimitItemPerMinute, *key: str) -> bool:
        if self._shared is not None and self._clock() >= self._silent_until:
            try:
                return self._shared.hit(limit, *key)
            except (StorageError, RedisError, OSError) as error:
                self._silent_until = self._clock() + PAUSE_SECONDS
                log.warning("limits-not-shared", error=type(error).__name__)
        with self._own_turn:  # of two threads at once both would start the timer by which the storage forgets, and one fail
            return self._own.hit(limit, *key)


def _storage(url: str) -> Storage:
    storage = storage_from_string(url, **PATIENCE)
    assert isinstance(storage, Storage), "the synchronous kind"
    return storage
