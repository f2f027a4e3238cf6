"""Proofs as files: of inclusion in the form of C2SP tlog-proof, of consistency in that of the request to a C2SP tlog-witness.
Both are lines of text that end in the checkpoint which they lead to, so that any tool for these forms can check them offline.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.ledger import proofs
from services.kernel.ledger.merkle import HASH_BYTES, leaf_hash
from services.kernel.ledger.note import Checkpoint, verify

FIRST = "c2sp.org/tlog-proof@v1"
EXTENSION = ".tlog-proof"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an entry stands at ``index`` under a checkpoint (``note``, which is not verified yet). ``data`` is the entry itself,
    as the file's extra data: to whoever reads the file alone it is what the proof is about."""

    index: int
    path: tuple[bytes, ...]
    note: str
    data: bytes | None = None

    def to_text(self) -> str:
        extra = f"extra {b64encode(self.data).decode()}\n" if self.data else ""
        return f"{FIRST}\n{extra}index {self.index}\n{_lines(self.path)}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Inclusion:
        """Raises ``ValueError`` for what is no such file."""
        head, note = _parts(text)
        if head.pop(0) != FIRST:
            raise ValueError(f"a proof begins with {FIRST}")
        extra = _bytes(head.pop(0).removeprefix("extra ")) if head and head[0].startswith("extra ") else None
        return cls(_number(head, "index"), _hashes(head[1:]), note, extra)

    def check(self, key: str, data: bytes | None = None) -> Checkpoint:
        """The checkpoint under which the entry stands. Raises ``ValueError`` where the proof does not hold for ``data``, the
        exact bytes of the entry (the file's own if none are given), or nobody with ``key`` signed it."""
        data = self.data if data is None else data
        if data is None:
            raise ValueError("the proof does not hold the entry that it is about; give that too")
        checkpoint = verify(self.note, key)
        if not proofs.includes(leaf_hash(data), self.index, checkpoint.size, self.path, checkpoint.root):
            raise ValueError("the proof does not hold: this entry does not stand there")
        return checkpoint


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the ledger under a checkpoint (``note``) begins with the ``old`` entries of an earlier one."""

    old: int
    path: tuple[bytes, ...]
    note: str

    def to_text(self) -> str:
        return f"old {self.old}\n{_lines(self.path)}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Consistency:
        head, note = _parts(text)
        return cls(_number(head, "old"), _hashes(head[1:]), note)

    def check(self, earlier: str, key: str) -> tuple[Checkpoint, Checkpoint]:
        """Both checkpoints. Raises ``ValueError`` where the later ledger does not begin with the earlier one."""
        before, after = verify(earlier, key), verify(self.note, key)
        if before.size != self.old or before.origin != after.origin:
            raise ValueError(f"the proof is about the first {self.old} entries, the earlier checkpoint about {before.size}")
        if not proofs.continues(before.size, before.root, after.size, after.root, self.path):
            raise ValueError("the proof does not hold: the later ledger does not begin with the earlier one")
        return before, after


def _lines(path: Sequence[bytes]) -> str:
    return "".join(f"{b64encode(each).decode()}\n" for each in path)


def _parts(text: str) -> tuple[list[str], str]:
    head, separator, note = text.partition("\n\n")
    if not separator:
        raise ValueError("a proof ends with a checkpoint, after an empty line")
    return head.split("\n"), note


def _number(head: list[str], word: str) -> int:
    name, _, digits = (head[0] if head else "").partition(" ")
    if name != word or not (digits.isascii() and digits.isdecimal()) or len(digits) > 18 or digits != str(int(digits)):
        raise ValueError(f"a proof has a line “{word}” with a number")
    return int(digits)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    hashes = tuple(_bytes(line) for line in lines)
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ValueError("a proof's hashes have 32 bytes")
    return hashes


def _bytes(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a proof's hashes, and the entry in it, are base64") from None
