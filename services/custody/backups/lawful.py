"""Object Lock on backups, never beyond the earliest lawful destruction.

Nothing that is not on its way to destruction yet can be destroyed before a batch was put together, approved, and its waiting
period has passed; so for that long it may be locked. What is due already, or further on the way, is not locked at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.custody.backups.depot import retain
from services.custody.backups.places import Places
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.errors import NotFound
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.tables import Blob, DataKey, File, Item, Rendition

GONE_OR_GOING = (ItemState.DUE, ItemState.IN_BATCH, ItemState.APPROVED, ItemState.DESTROYING, ItemState.DESTROYED)
ROWS = 500


def earliest(session: Session) -> timedelta:
    """How long from now on nothing can be destroyed that is not due yet."""
    return timedelta(days=versions.current(session).policy.destruction.waiting_days)


def lock(kernel: Kernel, places: Places, backup_id: str) -> None:
    """Locks a backup, for as long as is lawful and ``backup_lock_days`` at most; does nothing where no lock is set. Backups of
    keys are never locked: they are to go."""
    if kernel.settings.backups_lock is None:
        return
    with kernel.database.read() as session:
        until = now() + min(earliest(session), timedelta(days=kernel.settings.backup_lock_days))
    if until <= now():
        return
    places.catalogue.retain(places.catalogue.read(backup_id), until)
    for name in _lockable(kernel):
        places.beat()
        with suppress(NotFound):
            retain(places.objects, name, until)


def _lockable(kernel: Kernel) -> Iterator[str]:
    """Objects of which no item is due, or further on the way."""
    last = ""
    going = select(Item.id).where(Item.state.in_(GONE_OR_GOING))
    pictures = select(Rendition.blob_id).where(Rendition.item_id.in_(going))
    masters = select(File.master_id).where(
        File.id.in_(select(Item.file_id).where(Item.state.in_(GONE_OR_GOING))), File.master_id.is_not(None)
    )
    query = select(Blob.id, Blob.name).join(DataKey, DataKey.id == Blob.key_id).where(DataKey.destroyed_at.is_(None))
    query = query.where(Blob.id.not_in(pictures), Blob.id.not_in(masters)).order_by(Blob.id)
    while True:
        with kernel.database.read() as session:
            rows = session.execute(query.where(Blob.id > last).limit(ROWS)).all()
        yield from (row.name for row in rows)
        if not rows:
            return
        last = rows[-1].id
