"""What happened after the backup happens again in what came out of it: the ledger goes on, and what was destroyed is destroyed.

Everything here may be done again: a restore that was broken off goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from services.custody.backups import gate
from services.custody.backups.gate import Since
from services.kernel.blobs.port import BlobStore
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.dialects import insert_once
from services.kernel.identity.tables import Credential
from services.kernel.ledger.journal import HEAD
from services.kernel.ledger.merkle import leaf_hash
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry, LedgerHead
from services.kernel.tombstones import Tombstone

ROWS_AT_ONCE = 1000
TOLD = ("item_id", "number", "batch_id", "position", "begun_at", "keys", "objects", "files")
"""What a tombstone outside says."""
Destroy = Callable[[Session, Tombstone], None]
"""Takes away what the catalogue has of an item, keys last."""


def extend_ledger(session: Session, store: BlobStore, since: Since) -> int:
    """Enters what was entered after the backup, exactly as it was; returns how many entries that were."""
    head = session.get_one(LedgerHead, HEAD)
    start, rows = head.size, list[dict[str, Any]]()
    if start >= since.tree.size:
        return 0
    for position, data in enumerate(gate.entries(store, start, since.tree.size), start):
        told = json.loads(data)
        rows.append(
            {
                "position": position,
                "at": told["at"],
                "actor": told["actor"],
                "act": told["act"],
                "item_id": told["item"],
                "data": data,
                "leaf_hash": leaf_hash(data),
            }
        )
        if len(rows) == ROWS_AT_ONCE:
            session.execute(insert(LedgerEntry), rows)
            rows = []
    if rows:
        session.execute(insert(LedgerEntry), rows)
    head.size, head.peaks = since.tree.size, since.tree.to_bytes()
    insert_once(
        session,
        LedgerCheckpoint,
        size=since.checkpoint.size,
        peaks=since.tree.to_bytes(),
        note=since.note,
        at=now(),
        stored=True,
    )
    session.flush()
    return since.tree.size - start


def destroy_again(kernel: Kernel, since: Since, destroy: Destroy, beat: Callable[[], None]) -> int:
    """Returns how many items that were which the backup still had."""
    back = 0
    for stone in since.stones:
        beat()
        for name, _ in stone.objects:
            kernel.objects.delete(name)
        with kernel.database.write() as session:
            there = session.scalar(select(Tombstone).where(Tombstone.item_id == stone.item_id))
            back += there is None or there.destroyed_at is None
            destroy(session, stone)
            _enter(session, stone)
    return back


def _enter(session: Session, stone: Tombstone) -> None:
    insert_once(session, Tombstone, **{name: getattr(stone, name) for name in TOLD}, outside=True)
    undone = (Tombstone.item_id == stone.item_id, Tombstone.destroyed_at.is_(None))
    session.execute(update(Tombstone).where(*undone).values(destroyed_at=now(), outside=True))


def carry_over(source: BlobStore, target: BlobStore) -> None:
    """What lies outside goes on in the store that the restored archive writes to, where that is another."""
    for name in source.names():
        if target.exists(name):
            continue
        with source.open(name) as content:
            writer = target.create(name)
            try:
                writer.write(content.read())
                writer.commit()
            except BaseException:
                writer.abort()
                raise


def end_sessions(session: Session) -> None:
    """Browsers sign in anew: a session that was ended after the backup would be alive again."""
    live = (Credential.kind == "session", Credential.revoked_at.is_(None))
    session.execute(update(Credential).where(*live).values(revoked_at=now()))
