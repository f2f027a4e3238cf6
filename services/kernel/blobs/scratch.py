"""Plain content on its way through a parser: in a file without a name, which is gone when its process is."""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

from sqlalchemy.orm import Session

from services.kernel.blobs.keys import Vault
from services.kernel.blobs.sealed import SealedStore
from services.kernel.tables import Blob


def unnamed_file() -> BinaryIO:
    """An open file that no folder lists (O_TMPFILE)."""
    return cast(BinaryIO, tempfile.TemporaryFile(prefix="muniment-"))


def fetch_to_scratch(objects: SealedStore, key: bytes, blob: Blob) -> BinaryIO:
    """The proven content of ``blob`` in an unnamed file, rewound. Memory stays at one chunk."""
    target = unnamed_file()
    try:
        for chunk in objects.read(blob.name, key, sha256=blob.sha256):
            target.write(chunk)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


def fetch_master(session: Session, vault: Vault, objects: SealedStore, blob: Blob) -> BinaryIO:
    """Like ``fetch_to_scratch``, with the key looked up."""
    return fetch_to_scratch(objects, vault.key(session, blob.key_id), blob)
