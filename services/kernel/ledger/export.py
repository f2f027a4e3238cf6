"""The ledger as a file, and its verification without the archive.

A file is JSON lines: first a header with a signed checkpoint, then each entry exactly as it was hashed, so that any tool can
recompute ``SHA-256(00 || line)`` and the root (RFC 6962).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.ledger.journal import HEAD, tree_at
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.note import Checkpoint, Signer, verify
from services.kernel.ledger.tables import LedgerEntry, LedgerHead

FORMAT = "muniment-ledger/1"
NONSENSE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What a file that is none of ours may raise where its JSON is taken apart."""


def lines(session: Session, signer: Signer) -> Iterator[bytes]:
    """The export of one snapshot, line by line, without newlines; ``session`` must hold still (``Database.read``)."""
    head = session.get_one(LedgerHead, HEAD)
    header = {"format": FORMAT, "checkpoint": signer.sign(tree_at(head)), "public_key": signer.verifier_key}
    yield json.dumps(header, ensure_ascii=False).encode()
    rows = select(LedgerEntry.data).where(LedgerEntry.position < head.size).order_by(LedgerEntry.position)
    yield from session.scalars(rows.execution_options(yield_per=1000))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found; ``problems`` is empty when every entry stands as it was written."""

    entries: int
    root: str
    origin: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "entries": self.entries,
            "root": self.root,
            "origin": self.origin,
            "problems": list(self.problems),
        }


def verify_file(source: BinaryIO, *, public_key: str | None = None, earlier: str | None = None) -> Verdict:
    """Reads an export once, in constant memory. ``public_key`` is the archive's key as the auditor knows it (the header's
    own is used otherwise, which proves only that the file is whole); ``earlier`` a checkpoint kept from before, which the
    file must still agree with."""
    try:
        header = json.loads(source.readline())
        key = public_key or header["public_key"]
        checkpoint = verify(header["checkpoint"], key)
        kept = verify(earlier, key) if earlier is not None else None
    except NONSENSE as error:
        return Verdict(0, "", "", (f"The header cannot be trusted: {error}. Export the ledger again.",))
    tree, problems = _rebuild(source, kept)
    if tree.size != checkpoint.size:
        problems.append(f"The checkpoint vouches for {checkpoint.size} entries, the file holds {tree.size}.")
    if tree.root != checkpoint.root:
        problems.append("The entries do not give the root that was signed: one was changed, removed, added or moved.")
    return Verdict(tree.size, tree.root.hex(), checkpoint.origin, tuple(problems))


def _rebuild(source: BinaryIO, kept: Checkpoint | None) -> tuple[Tree, list[str]]:
    tree, problems = Tree(), []
    for line in source:
        data = line.removesuffix(b"\n")
        if kept is not None and tree.size == kept.size and tree.root != kept.root:
            problems.append(f"The first {kept.size} entries are not those of the earlier checkpoint.")
        if _position(data) != tree.size and len(problems) < 20:
            problems.append(f"Entry {tree.size} does not carry its own position.")
        tree = tree.append(leaf_hash(data))
    if kept is not None and tree.size < kept.size:
        problems.append(f"The earlier checkpoint vouches for {kept.size} entries, the file holds only {tree.size}.")
    elif kept is not None and tree.size == kept.size and tree.root != kept.root:
        problems.append(f"The first {kept.size} entries are not those of the earlier checkpoint.")
    return tree, problems


def _position(data: bytes) -> int | None:
    try:
        position = json.loads(data)["position"]
    except NONSENSE:
        return None
    return position if type(position) is int else None
