"""A depot, opened with the backup key: nothing lies in it but ciphertext, under names that tell nothing.

A chunk's name follows from its content under the key. What did not change since the last backup has the name that it had, and
is there already: so backups share what they have in common, and each of them is whole.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.custody.backups.sets import BackupSet
from services.kernel.blobs.depots import Depot
from services.kernel.blobs.port import BlobStore
from services.kernel.blobs.sealed import SealedStore
from services.kernel.errors import Conflict, IntegrityError, NotFound

SET = "set-"
LEVEL = 1
"""Sealed values do not shrink; what is left does so at the least level too."""


class OpenDepot:
    """``purpose`` keeps the key of one depot from opening another."""

    def __init__(self, depot: Depot, key: bytes, purpose: str) -> None:
        self._depot = depot
        self._seal, self._name = (_derived(key, f"{purpose}/{use}") for use in ("seal", "name"))
        self._sets, self._chunks = SealedStore(depot.sets), SealedStore(depot.chunks)
        self._known, self._doubt = set[str](), False

    def begin(self, *, doubt: bool = False) -> None:
        """Before the only one who writes: what a writer left who died is swept away, and what is there is looked at. With
        ``doubt`` each chunk that is to be stored is read first, and makes room where it is not what it should be."""
        for store in (self._depot.sets, self._depot.chunks):
            store.sweep(timedelta(0))
        self._known, self._doubt = set() if doubt else set(self._depot.chunks.names()), doubt

    def put(self, content: bytes) -> tuple[str, int]:
        """Stores a chunk; its name, and how many bytes that took: none where it is there already."""
        name = hmac.digest(self._name, content, "sha256").hex()
        if name in self._known or (self._doubt and self._stands(name)):
            return name, 0
        packed = zlib.compress(content, LEVEL)
        try:
            self._chunks.put(self._seal, packed, name)
        except Conflict:
            if not self._depot.chunks.exists(name):
                raise
            return name, 0
        self._known.add(name)
        return name, len(packed)

    def _stands(self, name: str) -> bool:
        try:
            self.get(name)
        except NotFound:
            return False
        except IntegrityError:
            self._depot.chunks.delete(name)
            return False
        self._known.add(name)
        return True

    def get(self, name: str) -> bytes:
        """Raises ``NotFound`` or ``IntegrityError``."""
        content = zlib.decompress(self._chunks.fetch(name, self._seal))
        if hmac.digest(self._name, content, "sha256").hex() != name:
            raise IntegrityError(f"The chunk {name} of a backup holds another's content. Make a new backup.")
        return content

    def write(self, backup: BackupSet) -> None:
        self._sets.put(self._seal, backup.to_bytes(), SET + backup.id)

    def read(self, backup_id: str) -> BackupSet:
        """Raises ``NotFound``, or ``IntegrityError`` where the key at hand is another or it was changed."""
        try:
            return BackupSet.from_bytes(self._sets.fetch(SET + backup_id, self._seal))
        except IntegrityError:
            raise IntegrityError(
                f"The backup {backup_id} does not open: it is damaged, or backup.key of the key folder is another archive's."
            ) from None
        except NotFound:
            raise NotFound(
                f"There is no backup {backup_id} in this store. “muniment backup list” names those that are."
            ) from None

    def ids(self) -> list[str]:
        """The oldest first; ids are UUIDs of version 7."""
        return sorted(name.removeprefix(SET) for name in self._depot.sets.names() if name.startswith(SET))

    def sets(self) -> Iterator[BackupSet]:
        return map(self.read, self.ids())

    def remove(self, backup_id: str) -> None:
        self._depot.sets.delete(SET + backup_id)

    def clear(self, needed: frozenset[str]) -> int:
        """Removes the chunks that nobody needs; returns how many. Those that are locked stay until they are not."""
        gone = 0
        for name in [name for name in self._depot.chunks.names() if name not in needed]:
            try:
                self._depot.chunks.delete(name)
                gone += 1
            except Conflict:  # locked; the next time it will not be
                continue
        return gone

    def retain(self, backup: BackupSet, until: datetime) -> None:
        """Locks a backup where the store can."""
        for name in sorted(backup.chunks):
            retain(self._depot.chunks, name, until)
        retain(self._depot.sets, SET + backup.id, until)


def retain(store: BlobStore, name: str, until: datetime) -> None:
    """What is locked for longer already stays so."""
    with suppress(Conflict):
        store.retain(name, until)


def _derived(key: bytes, use: str) -> bytes:
    info = f"muniment/backup/1/{use}".encode()
    return HKDF(hashes.SHA256(), length=32, salt=None, info=info).derive(key)
