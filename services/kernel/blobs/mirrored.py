"""Two object stores as one: what is stored lies in both, or is not stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import BinaryIO

import structlog

from services.kernel.blobs.port import STALE, BlobStore, BlobWriter
from services.kernel.errors import MunimentError, NotFound, Unavailable

log = structlog.get_logger("objects")

READ_BYTES = 1 << 20


class MirroredBlobStore:
    """Objects are committed to the copy first: what the primary shows has its second. Both are read back and compared before
    the writer's answer. A process that dies in between leaves an object in the copy that no row names; ``names`` shows it."""

    def __init__(self, primary: BlobStore, copy: BlobStore) -> None:
        self.primary, self.copy = primary, copy

    def create(self, name: str) -> MirroredWriter:
        return MirroredWriter(name, self.copy, self.primary)

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """From the primary; from the copy where the primary has lost it or does not answer."""
        try:
            return self.primary.open(name)
        except (NotFound, Unavailable) as error:
            try:
                source = self.copy.open(name)
            except MunimentError:
                raise error from None
            log.warning("read-from-copy", object=name, cause=error.code)
            return source

    def delete(self, name: str) -> None:
        """Both are tried, whatever the first says; an error means that it is not gone everywhere."""
        failures = []
        for store in (self.primary, self.copy):
            try:
                store.delete(name)
            except MunimentError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def exists(self, name: str) -> bool:
        return self.primary.exists(name) or self.copy.exists(name)

    def traces(self, name: str) -> list[str]:
        return [*self.primary.traces(name), *(f"{each} in the copy" for each in self.copy.traces(name))]

    def names(self) -> Iterator[str]:
        """What either has. Keeps the primary's names in memory, about 120 bytes each."""
        seen = set()
        for name in self.primary.names():
            seen.add(name)
            yield name
        yield from (name for name in self.copy.names() if name not in seen)

    def retain(self, name: str, until: datetime) -> None:
        for store in (self.primary, self.copy):
            store.retain(name, until)

    def sweep(self, older_than: timedelta = STALE) -> int:
        return self.primary.sweep(older_than) + self.copy.sweep(older_than)

    def reachable(self) -> bool:
        return self.primary.reachable() and self.copy.reachable()

    def readable(self) -> bool:
        """One of both is enough."""
        return _readable(self.primary) or _readable(self.copy)


def _readable(store: BlobStore) -> bool:
    try:
        return store.readable()
    except Exception as error:  # whatever it is, this one does not answer
        log.warning("store-not-readable", error=type(error).__name__)
        return False


class MirroredWriter:
    """Writes to each of ``stores``, and commits in their order."""

    def __init__(self, name: str, *stores: BlobStore) -> None:
        self._name = name
        self._stores = stores
        self._digest, self._size = hashlib.sha256(), 0
        self._committed: list[BlobStore] = []
        self._done = False
        self._writers: list[BlobWriter] = []
        try:
            for store in stores:
                self._writers.append(store.create(name))
        except BaseException:
            self.abort()
            raise

    def write(self, data: bytes) -> None:
        try:
            for writer in self._writers:
                writer.write(data)
        except BaseException:
            self.abort()
            raise
        self._digest.update(data)
        self._size += len(data)

    def commit(self) -> None:
        try:
            for store, writer in zip(self._stores, self._writers, strict=True):
                writer.commit()
                self._committed.append(store)
                self._prove(store)
        except BaseException:
            self.abort()
            raise
        self._done = True

    def abort(self) -> None:
        if self._done:
            return
        for writer in self._writers:
            writer.abort()
        while self._committed:
            store = self._committed.pop()
            try:
                store.delete(self._name)
            except MunimentError as error:  # names() shows it, and no row names it
                log.warning("orphan-left", object=self._name, cause=error.code)

    def _prove(self, store: BlobStore) -> None:
        """Reads all of it back."""
        digest, size = hashlib.sha256(), 0
        with store.open(self._name) as source:
            while piece := source.read(READ_BYTES):
                digest.update(piece)
                size += len(piece)
        if (size, digest.digest()) != (self._size, self._digest.digest()):
            raise Unavailable(
                "One of the two object stores does not give back what was written. Nothing was stored; check its disks, then "
                "send the file again."
            )
