"""The seal over every stored object: libsodium's secretstream (XChaCha20-Poly1305) in chunks of 1 MiB.

At rest: the 4 bytes ``MUN1``, the 24-byte stream header, then chunks, each 17 bytes longer than its content. The last carries
the FINAL tag, so a cut tail is noticed; the object's name is bound to every chunk, so exchanged objects are noticed too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nacl.bindings import (
    crypto_secretstream_xchacha20poly1305_ABYTES,
    crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    crypto_secretstream_xchacha20poly1305_init_pull,
    crypto_secretstream_xchacha20poly1305_init_push,
    crypto_secretstream_xchacha20poly1305_pull,
    crypto_secretstream_xchacha20poly1305_push,
    crypto_secretstream_xchacha20poly1305_state,
    crypto_secretstream_xchacha20poly1305_TAG_FINAL,
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
)

from services.kernel.blobs.port import BlobStore
from services.kernel.errors import IntegrityError
from services.kernel.ids import new_id

MAGIC = b"MUN1"
CHUNK = 1 << 20
OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES
HEADER = crypto_secretstream_xchacha20poly1305_HEADERBYTES
MESSAGE = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
FINAL = crypto_secretstream_xchacha20poly1305_TAG_FINAL


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: ``sha256`` and ``size`` of the content, ``stored_sha256`` of the ciphertext."""

    name: str
    sha256: str
    stored_sha256: str
    size: int


class SealedWriter:
    """Takes content in pieces of any size; memory stays at one chunk. Use ``finish`` or ``abort``, once."""

    def __init__(self, store: BlobStore, key: bytes, name: str | None = None) -> None:
        self.name = name or new_id()
        self.size = 0
        self._digest, self._stored_digest = hashlib.sha256(), hashlib.sha256()
        self._state = crypto_secretstream_xchacha20poly1305_state()
        header = crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        self._pending = bytearray()
        self._target = store.create(self.name)
        self._put(MAGIC + header)

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)
        self._pending += data
        while len(self._pending) > CHUNK:
            self._push(bytes(self._pending[:CHUNK]), MESSAGE)
            del self._pending[:CHUNK]

    def finish(self) -> Stored:
        self._push(bytes(self._pending), FINAL)
        self._target.commit()
        return Stored(self.name, self._digest.hexdigest(), self._stored_digest.hexdigest(), self.size)

    def abort(self) -> None:
        self._target.abort()

    def _push(self, content: bytes, tag: int) -> None:
        self._put(crypto_secretstream_xchacha20poly1305_push(self._state, content, self.name.encode(), tag))

    def _put(self, data: bytes) -> None:
        self._stored_digest.update(data)
        self._target.write(data)


class SealedStore:
    """An object store whose adapters never see content."""

    def __init__(self, store: BlobStore) -> None:
        self.store = store

    def create(self, key: bytes, name: str | None = None) -> SealedWriter:
        return SealedWriter(self.store, key, name)

    def put(self, key: bytes, source: BinaryIO | bytes, name: str | None = None) -> Stored:
        writer = self.create(key, name)
        try:
            if isinstance(source, bytes):
                writer.write(source)
            else:
                while piece := source.read(CHUNK):
                    writer.write(piece)
            return writer.finish()
        except BaseException:
            writer.abort()
            raise

    def read(self, name: str, key: bytes, *, sha256: str | None = None) -> Iterator[bytes]:
        """The content in chunks, each proven before it is given out; the last only once the whole is proven too, so that no
        one ever holds all of an object that is not what was stored. Raises ``NotFound`` or ``IntegrityError``."""
        digest, held = hashlib.sha256(), None
        with self.store.open(name) as source:
            for chunk in _open_chunks(source, name, key):
                if held is not None:
                    yield held
                digest.update(chunk)
                held = chunk
        if sha256 is not None and digest.hexdigest() != sha256:
            raise IntegrityError(f"The object {name} is not the one that was catalogued. Restore it from the backup.")
        if held is not None:
            yield held

    def fetch(self, name: str, key: bytes, *, sha256: str | None = None) -> bytes:
        """The whole content of a small object."""
        return b"".join(self.read(name, key, sha256=sha256))

    def delete(self, name: str) -> None:
        self.store.delete(name)


def _open_chunks(source: BinaryIO, name: str, key: bytes) -> Iterator[bytes]:
    damaged = IntegrityError(f"The object {name} is damaged or was cut. Restore it from the backup.")
    start = source.read(len(MAGIC) + HEADER)
    if len(start) != len(MAGIC) + HEADER or start[: len(MAGIC)] != MAGIC:
        raise damaged
    state = crypto_secretstream_xchacha20poly1305_state()
    crypto_secretstream_xchacha20poly1305_init_pull(state, start[len(MAGIC) :], key)
    tag = MESSAGE
    while sealed := source.read(CHUNK + OVERHEAD):
        if tag == FINAL:
            raise damaged
        try:
            content, tag = crypto_secretstream_xchacha20poly1305_pull(state, sealed, name.encode())
        except (RuntimeError, ValueError):
            raise damaged from None
        yield content
    if tag != FINAL:
        raise damaged
