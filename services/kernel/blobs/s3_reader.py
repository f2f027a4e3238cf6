"""Reading an object as a file. A connection that is cut in mid-body is taken up again where it broke off."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from botocore.exceptions import FlexibleChecksumError
from urllib3.exceptions import HTTPError

from services.kernel.blobs.s3_errors import FAILURES, translate

log = structlog.get_logger("objects")

PAUSES = (0.1, 0.5, 2.0)
"""Seconds before each attempt to go on; any byte that arrives makes all of them available again."""


class Body(Protocol):
    """botocore's ``StreamingBody``, as far as it is used here."""

    def read(self, amt: int | None = None) -> bytes: ...

    def close(self) -> None: ...


class S3Reader(io.RawIOBase):
    """``fetch(offset)`` gives the rest of the object from there. That all pieces are of the same
    object is for the seal above to prove; objects never change."""

    def __init__(
        self, name: str, body: Body, size: int, fetch: Callable[[int], Body], *, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._name = name
        self._body: Body | None = body
        self._size = size
        self._fetch = fetch
        self._pauses = pauses
        self._offset = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # what BufferedReader hands in
        if self._offset >= self._size:
            return 0
        piece = self._next(len(target))
        target[: len(piece)] = piece
        self._offset += len(piece)
        return len(piece)

    def close(self) -> None:
        self._drop()
        super().close()

    def _next(self, size: int) -> bytes:
        for pause in (*self._pauses, None):
            try:
                self._body = self._body or self._fetch(self._offset)
                return self._body.read(size)
            except (*FAILURES, HTTPError) as error:
                self._drop()
                if pause is None or isinstance(error, FlexibleChecksumError):
                    raise translate(error, self._name) from error
                log.info("reading-resumed", object=self._name, offset=self._offset, cause=type(error).__name__)
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _drop(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            with suppress(*FAILURES, HTTPError, OSError):
                body.close()
