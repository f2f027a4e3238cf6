"""What was kept for long enough goes: first the sets, then what no set needs any more.

Backups of keys are kept for a few days only. A newer one has all keys that an older catalogue needs, but for those that were
destroyed since; so no older one is ever needed, and once its days are over a destroyed key is in no backup at all.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

import structlog
from sqlalchemy import select, update

from services.custody.backups.depot import OpenDepot
from services.custody.backups.objects import rows_of
from services.custody.backups.places import Places
from services.custody.backups.sets import BackupSet
from services.custody.backups.tables import Backup
from services.kernel.blobs.port import BlobStore
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.errors import Conflict
from services.kernel.tombstones import Tombstone

log = structlog.get_logger("backups")


def prune(kernel: Kernel, places: Places) -> None:
    """Called by the only one who writes. The newest whole backup stays, however old it is, and all that came after it."""
    settings = kernel.settings
    gone, kept = _remove(places.catalogue, timedelta(days=settings.backup_days))
    keys_gone, keys_kept = _remove(places.keys, timedelta(days=settings.backup_key_days))
    places.catalogue.clear(_needed(kept))
    places.keys.clear(_needed(keys_kept))
    objects = _clear_destroyed(kernel, places, kept) + (_clear_objects(places, kept) if gone else 0)
    if gone:
        with kernel.database.write() as session:
            session.execute(update(Backup).where(Backup.id.in_(gone)).values(pruned_at=now()))
    log.info("backups-pruned", sets=len(gone), key_sets=len(keys_gone), objects=objects)


def _remove(depot: OpenDepot, keep: timedelta) -> tuple[list[str], list[BackupSet]]:
    """Ids of the sets that went, and the sets that stay."""
    sets = list(depot.sets())
    whole = [each.id for each in sets if not each.problems]
    newest = whole[-1] if whole else ""
    gone, kept = [], []
    for each in sets:
        if each.id >= newest or now() - each.at < keep or not _removed(depot, each.id):
            kept.append(each)
        else:
            gone.append(each.id)
    return gone, kept


def _removed(depot: OpenDepot, backup_id: str) -> bool:
    try:
        depot.remove(backup_id)
    except Conflict:  # locked for a while yet
        return False
    return True


def _needed(sets: list[BackupSet]) -> frozenset[str]:
    return frozenset(chain.from_iterable(each.chunks for each in sets))


def _clear_destroyed(kernel: Kernel, places: Places, kept: list[BackupSet]) -> int:
    """Objects of what was destroyed since the oldest backup: whoever destroyed them removed them here too, unless the store was
    away, or locked them."""
    since = min((each.ledger_size for each in kept), default=0)
    with kernel.database.read() as session:
        stones = session.scalars(select(Tombstone.objects).where(Tombstone.position >= since)).all()
    names = [name for objects in stones for name, _ in objects]
    return sum(_deleted(places.objects, name) for name in names if places.objects.exists(name))


def _clear_objects(places: Places, kept: list[BackupSet]) -> int:
    """Objects that no backup names any more."""
    tables = [each.table("blobs") for each in kept]
    chunks = {chunk: table for table in tables for chunk in table.chunks}
    named = set[str]()
    for chunk, table in chunks.items():
        places.beat()
        others = frozenset(table.chunks) - {chunk}
        named.update(row["name"] for row in rows_of(places.catalogue, table, skip=others))
    return sum(_deleted(places.objects, name) for name in list(places.objects.names()) if name not in named)


def _deleted(store: BlobStore, name: str) -> bool:
    try:
        store.delete(name)
    except Conflict:  # locked for a while yet
        return False
    return True
