"""A store that hangs is left alone for a while. Each request to it costs whoever waits all of the client's patience; so after
one that had no answer, others are refused at once until one, sent now and then, is answered again."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PAUSE_SECONDS = 10.0


class StoreSilent(ReadTimeoutError):
    """Not asked: the store has just let another request wait in vain."""

    def __init__(self) -> None:
        super().__init__(endpoint_url="the object store")


class Silence:
    """Knows when a client's store may be asked again."""

    def __init__(self, *, pause: float = PAUSE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause, self._clock, self._lock = pause, clock, Lock()
        self._until: float | None = None

    def heed(self, client: S3Client) -> S3Client:
        """Has every request of the client pass here."""
        events = client.meta.events
        events.register("before-call.s3", self._before)
        events.register("after-call.s3", self._after)
        events.register("after-call-error.s3", self._failed)
        return client

    def _before(self, **_: Any) -> None:
        with self._lock:
            if self._until is None:
                return
            if self._clock() < self._until:
                raise StoreSilent
            self._until = self._clock() + self._pause  # one is sent to see; the others go on waiting for it

    def _after(self, **_: Any) -> None:
        self._until = None

    def _failed(self, exception: Exception, **_: Any) -> None:
        silent = isinstance(exception, ReadTimeoutError | ConnectTimeoutError)
        self._until = self._clock() + self._pause if silent else None
