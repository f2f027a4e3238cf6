"""The gate of a restored archive (hard cases 5 and 6): how far the ledger that lies outside reaches, and whether it is whole.

A backup knows nothing of what was destroyed after it. What lies outside does: checkpoints, signed each minute; the entries that
they vouch for; tombstones, laid down before the first byte goes. The gate asks that the newest checkpoint be newer than the
backup, that the entries up to it give the root that was signed, and that each destruction they tell of has its tombstone. What
is missing is named, and the archive stays shut.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import tombstones
from services.kernel.blobs.port import BlobStore
from services.kernel.errors import IntegrityError, MunimentError, Unavailable
from services.kernel.ledger import outside
from services.kernel.ledger.journal import HEAD, tree_at
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.note import Checkpoint, Signer, verify
from services.kernel.ledger.subtrees import Subtrees
from services.kernel.ledger.tables import LedgerHead
from services.kernel.ledger.write_once import WriteOnce
from services.kernel.seal import Seal, Sealed
from services.kernel.tombstones import Tombstone

DESTROYING = "item.destroying"
BRING = "Name the newest copy of that store with --ledger-from, or MUNIMENT_CHECKPOINTS_URL, and run the restore again."


@dataclass(frozen=True, slots=True)
class Since:
    """What happened since the backup: ``tree`` is the ledger's up to ``checkpoint`` (``note`` as it was signed), ``stones`` all
    tombstones there are."""

    checkpoint: Checkpoint
    note: str
    tree: Tree
    stones: tuple[Tombstone, ...]


def since(session: Session, seal: Seal, store: BlobStore, signer: Signer) -> Since:
    """Raises ``Sealed`` with what is missing."""
    note, checkpoint = _newest(store, signer, seal)
    head = tree_at(session.get_one(LedgerHead, HEAD))
    # A restore that was broken off has entered what was outside, and what it did itself besides.
    tree = head if head.size <= checkpoint.size else Subtrees(session).tree(0, checkpoint.size)
    destroying = []
    for position, data in enumerate(entries(store, seal.ledger_size, checkpoint.size), seal.ledger_size):
        if position == tree.size:
            tree = tree.append(leaf_hash(data))
        if _act(data) == DESTROYING:
            destroying.append(position)
    if (tree.size, tree.root) != (checkpoint.size, checkpoint.root):
        raise Sealed(
            f"The ledger outside is signed over {checkpoint.size} entries, and its entries after {tree.size} are missing or "
            f"are not what was signed. {BRING}"
        )
    stones = _stones(store)
    known = {stone.position for stone in stones}
    here = session.scalars(select(Tombstone.position)).all()
    if missing := sorted({*destroying, *here} - known):
        raise Sealed(f"The ledger tells of {len(missing)} destructions whose tombstones are not outside. {BRING}")
    return Since(checkpoint, note, tree, stones)


def entries(store: BlobStore, start: int, end: int) -> Iterator[bytes]:
    """The entries [start, end) that lie outside, as far as there is no gap."""
    for position, data in enumerate(outside.entries(store, start), start):
        if position >= end:
            return
        yield data


def _newest(store: BlobStore, signer: Signer, seal: Seal) -> tuple[str, Checkpoint]:
    try:
        note = WriteOnce(store, lock_days=1).newest()
    except Unavailable as error:
        raise Sealed(f"The ledger outside cannot be asked: {error.detail}") from None
    backup = f"The backup was made at entry {seal.ledger_size} of the ledger"
    if note is None:
        raise Sealed(f"{backup}, and there is no ledger outside to tell what was destroyed since. {BRING}")
    try:
        checkpoint = verify(note, signer.verifier_key)
    except ValueError as error:
        raise Sealed(f"The newest checkpoint outside is not this archive's: {error}. {BRING}") from None
    if checkpoint.size <= seal.ledger_size:
        raise Sealed(f"{backup}; the ledger outside ends at entry {checkpoint.size}, so it is older than the backup. {BRING}")
    return note, checkpoint


def _stones(store: BlobStore) -> tuple[Tombstone, ...]:
    try:
        return tuple(tombstones.outside(store))
    except IntegrityError as error:
        raise Sealed(f"{error.detail} {BRING}") from None
    except MunimentError as error:
        raise Sealed(f"The tombstones outside cannot be read: {error.detail} {BRING}") from None


def _act(data: bytes) -> str | None:
    try:
        act = json.loads(data).get("act")
    except (ValueError, AttributeError):
        return None
    return act if isinstance(act, str) else None
