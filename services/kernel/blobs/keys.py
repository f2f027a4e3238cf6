"""Data keys and the master key that wraps them (RFC 3394). The master lies in a folder of its own, outside the data folder,
so that no backup of the data can open it; emptying a data key's row destroys every copy of what was written under it.
"""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError
from sqlalchemy.orm import Session

from services.kernel.blobs.halves import MARK, PUBLIC_FILE, PrivateHalf, PublicHalf
from services.kernel.blobs.local import sync_folder
from services.kernel.errors import IntegrityError, NotFound
from services.kernel.tables import DataKey

KEY_BYTES = 32
MASTER_FILE = "master.key"
NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES


class MasterKey(Protocol):
    """The key port: a file, a vault or a key service."""

    @property
    def name(self) -> str: ...

    def wrap(self, key: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises ``IntegrityError`` when this master did not wrap it."""

    def reachable(self) -> bool:
        """For readiness: whether keys can be wrapped now. Any exception means no."""


class FileMasterKey:
    """A master key in a file with mode 0600, made on first use. Its public half lies beside it, for those who take in only."""

    name = PublicHalf.name

    def __init__(self, folder: Path) -> None:
        self._key = secret_file(folder / MASTER_FILE)
        self._half = PrivateHalf(self._key)
        self.marks = {"master": self._key, PUBLIC_FILE: self._half.public}
        public = folder / PUBLIC_FILE
        if not public.exists():
            with suppress(OSError):  # a folder that is mounted read-only has what it needs
                _write_once(public, self._half.public)

    def wrap(self, key: bytes) -> bytes:
        return aes_key_wrap(self._key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return self._half.unwrap(wrapped) if wrapped.startswith(MARK) else aes_key_unwrap(self._key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise IntegrityError(
                "The master key does not open this archive's data keys. Put back the key folder that belongs to this data."
            ) from None

    def reachable(self) -> bool:
        return True


def secret_file(path: Path) -> bytes:
    """The 32 secret bytes kept in ``path``; made there if there are none yet."""
    if not path.exists():
        _write_once(path, secrets.token_bytes(KEY_BYTES))
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise IntegrityError(f"The key file {path.name} is damaged. Put back the copy that was kept apart.")
    return secret


def _write_once(path: Path, content: bytes) -> None:
    """Durably and readable by the owner alone; of two processes that do it at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    sync_folder(path.parent)  # what is written under a key that a power cut takes away is lost for good
    sync_folder(path.parent.parent)


class Vault:
    """Opens and makes data keys, and seals small values under them. Unwrapped keys are remembered for a while."""

    def __init__(self, master: MasterKey, *, remember: int = 256) -> None:
        self._master = master
        self._remember = remember
        self._open: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def reachable(self) -> bool:
        return self._master.reachable()

    def new_key(self, session: Session) -> DataKey:
        return self.adopt_key(session, secrets.token_bytes(KEY_BYTES))

    def adopt_key(self, session: Session, key: bytes) -> DataKey:
        """Enters a data key that was made, and used, before the transaction began."""
        row = DataKey(master=self._master.name, wrapped=self._master.wrap(key))
        session.add(row)
        session.flush()
        session.info.setdefault("adopted_keys", {})[row.id] = key
        return row

    def key(self, session: Session, key_id: str) -> bytes:
        """The data key itself. Raises ``NotFound`` once it is destroyed: then nothing under it exists any more. A key that was
        adopted is open until the unit of work ends, whatever the master opens."""
        # Held by the session, which alone would forget the row at once (it refers to it weakly) and ask again for each value.
        held: dict[str, DataKey | None] = session.info.setdefault("data_keys", {})
        row = held.get(key_id)
        if row is None:
            row = held[key_id] = session.get(DataKey, key_id)
        with self._lock:
            if row is None or row.wrapped is None:
                self._open.pop(key_id, None)
                raise NotFound("This content was destroyed.")
            if adopted := session.info.get("adopted_keys", {}).get(key_id):
                return bytes(adopted)
            key = self._open.get(key_id) or self._master.unwrap(row.wrapped)
            self._open[key_id] = key
            while len(self._open) > self._remember:
                self._open.popitem(last=False)
            return key

    def seal(self, session: Session, key_id: str, context: str, content: bytes) -> bytes:
        """Ciphertext of a small value, bound to ``context`` (``table.column``), so that it opens nowhere else."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(content, context.encode(), nonce, self.key(session, key_id))

    def open(self, session: Session, key_id: str, context: str, sealed: bytes) -> bytes:
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(body, context.encode(), nonce, self.key(session, key_id))
        except CryptoError:
            raise IntegrityError(
                f"A value in {context} was changed after it was written. Restore it from the backup."
            ) from None

    def seal_text(self, session: Session, key_id: str, context: str, text: str) -> bytes:
        return self.seal(session, key_id, context, text.encode())

    def open_text(self, session: Session, key_id: str, context: str, sealed: bytes) -> str:
        return self.open(session, key_id, context, sealed).decode()
