"""The master key in two halves: whoever has the public one wraps data keys and opens none, not even those (HPKE, RFC 9180).

The halves follow from the master, so that there is no further secret to keep. The scheme is the hybrid of X25519 and ML-KEM-768
(HPKE KEM 0x647A, X-Wing): what an archive keeps for thirty years must not open to whoever copies the catalogue today and can
break X25519 by then. The AES key wrap of the master itself never was in that danger.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.kernel.errors import IntegrityError, Withheld

PUBLIC_FILE = "master.pub"
MARK = b"hpke-1:"
"""What a data key begins with that the public half wrapped."""
INFO = b"muniment/data-key/1"
SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
MLKEM_PUBLIC_BYTES, X25519_PUBLIC_BYTES = 1184, 32


class PrivateHalf:
    """Opens what the public half wrapped. ``public`` is that half, 1216 bytes as X-Wing orders them."""

    def __init__(self, master: bytes) -> None:
        seed = HKDF(hashes.SHA256(), length=32, salt=None, info=b"muniment/master-halves/1").derive(master)
        mlkem, x25519 = expand(seed)
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises ``ValueError`` when another half wrapped it."""
        try:
            return SUITE.decrypt(wrapped.removeprefix(MARK), self._key, INFO)
        except InvalidTag:
            raise ValueError("wrapped under another master, or changed") from None


def expand(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """The two keys that X-Wing makes of 32 bytes (draft-connolly-cfrg-xwing-kem, 5.2)."""
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])


class PublicHalf:
    """A master key for those who take in and open nothing."""

    name = "file-1"

    def __init__(self, public: bytes) -> None:
        if len(public) != MLKEM_PUBLIC_BYTES + X25519_PUBLIC_BYTES:
            raise IntegrityError(f"The file {PUBLIC_FILE} is damaged. Copy it anew from the folder that has the master key.")
        mlkem = MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_BYTES])
        self._key = MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_BYTES:]))
        self.marks = {PUBLIC_FILE: public}

    def wrap(self, key: bytes) -> bytes:
        return MARK + SUITE.encrypt(key, self._key, INFO)

    def unwrap(self, wrapped: bytes) -> bytes:
        raise Withheld("This process has the public half of the master key, which opens nothing.")

    def reachable(self) -> bool:
        return True
