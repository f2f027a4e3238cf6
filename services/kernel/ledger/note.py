"""Checkpoints as signed notes (C2SP tlog-checkpoint and signed-note), with Ed25519.

The text is origin, size and root, one a line; the signature line holds the key's name and base64 of a 4-byte key id and
the signature over the text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.kernel.ledger.merkle import Tree

ED25519 = b"\x01"
DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note vouches for."""

    origin: str
    size: int
    root: bytes


class Signer:
    """Signs checkpoints as ``origin``; the seed is 32 secret bytes."""

    def __init__(self, origin: str, seed: bytes) -> None:
        self.origin = origin
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """The public key in the form that signed-note tools take: ``name+id+base64``."""
        identity = key_id(self.origin, self.public)
        return f"{self.origin}+{identity.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    def sign(self, tree: Tree) -> str:
        return self.vouch(f"{self.origin}\n{tree.size}\n{base64.b64encode(tree.root).decode()}\n")

    def vouch(self, text: str) -> str:
        """The text as a signed note. Its first line says what it is, so that nothing signed passes for a checkpoint."""
        payload = key_id(self.origin, self.public) + self._private.sign(text.encode())
        return f"{text}\n{DASH}{self.origin} {base64.b64encode(payload).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verify(note: str, verifier_key: str) -> Checkpoint:
    """The checkpoint in a note that the key has signed. Raises ``ValueError`` with the reason otherwise."""
    return _parse_text(text_of(note, verifier_key))


def text_of(note: str, verifier_key: str) -> str:
    """The text of a note that the key has signed. Raises ``ValueError`` with the reason otherwise: unknown keys are ignored, a
    known one that fails rejects the note, and so does a note that no known key has signed."""
    name, public = _parse_key(verifier_key)
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise ValueError("the note has no signatures, or was cut")
    if any(character < " " and character != "\n" for character in note):
        raise ValueError("the note holds control characters")
    text += "\n"
    verified = False
    for line in signatures.removesuffix("\n").split("\n"):
        signer, payload = _parse_signature(line)
        if signer != name or payload[:4] != key_id(name, public):
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(payload[4:], text.encode())
        except InvalidSignature:
            raise ValueError("the signature does not belong to this text") from None
        verified = True
    if not verified:
        raise ValueError(f"{name} has not signed this note")
    return text


def _parse_key(verifier_key: str) -> tuple[str, bytes]:
    try:
        name, identity, encoded = verifier_key.split("+", 2)
        material = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("the public key is not of the form name+id+base64") from None
    public = material[1:]
    if material[:1] != ED25519 or len(public) != 32 or key_id(name, public).hex() != identity:
        raise ValueError("the public key is no Ed25519 key with that id")
    return name, public


def _parse_signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(DASH).rpartition(" ")
    if not line.startswith(DASH) or not name:
        raise ValueError("a signature line is malformed")
    try:
        return name, base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("a signature is not base64") from None


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    try:
        origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
    except (IndexError, binascii.Error):
        raise ValueError("the checkpoint needs origin, size and root") from None
    if not origin or not size.isdecimal() or size != str(int(size)) or len(root) != 32:
        raise ValueError("the checkpoint's origin, size or root is malformed")
    return Checkpoint(origin, int(size), root)
