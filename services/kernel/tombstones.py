"""Tombstones (销毁留痕): what was destroyed, when, in which batch, and where the ledger tells of it. Nothing in them says what
it was about: ids, names of objects, digests of ciphertext.

A tombstone is raised before anything is removed, in the transaction in which an item becomes DESTROYING, from where no way
leads back; and it is laid down outside the archive, too, before the first byte goes. So whoever puts an older copy of the
archive back knows of each item that must not come back with it, also of those that a crash left half removed (hard case 5).
``number`` has no gap, so that one that is missing is seen (hard case 6).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Integer, String, false, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel.blobs.port import BlobStore
from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.errors import Conflict, IntegrityError, Unavailable
from services.kernel.ledger import journal

PREFIX = "tombstone-"
DIGITS = 12
HALF_WRITTEN = timedelta(minutes=1)
"""No writer of something so small takes so long."""


class Tombstone(Base):
    """``position`` is the ledger's entry ``item.destroying``; ``keys`` the ids of the data keys that are emptied, ``objects``
    the stored objects as ``[name, SHA-256 of the ciphertext]``, ``files`` the files whose masters go, for no other item has
    them. ``destroyed_at`` is empty while it lasts; ``outside``: whether it lies outside the archive, too."""

    __tablename__ = "tombstones"

    item_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, unique=True)
    batch_id: Mapped[str] = mapped_column(String(36), index=True)
    position: Mapped[int] = mapped_column(BigInteger)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keys: Mapped[list[str]] = mapped_column(JSON)
    objects: Mapped[list[list[str]]] = mapped_column(JSON)
    files: Mapped[list[str]] = mapped_column(JSON)
    outside: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false(), index=True)

    @property
    def name(self) -> str:
        """What it is called outside."""
        return f"{PREFIX}{self.number:0{DIGITS}}"


def raise_for(
    session: Session,
    item_id: str,
    *,
    batch: str,
    keys: list[str],
    objects: list[list[str]],
    files: list[str],
    actor: str | None,
) -> Tombstone:
    """Enters ``item.destroying`` and adds the tombstone, in the caller's transaction. The ledger's head, which the entry locks,
    gives the numbers their order."""
    position = journal.append(
        session,
        "item.destroying",
        actor=actor,
        item=item_id,
        batch=batch,
        keys=keys,
        objects=[name for name, _ in objects],
        files=files,
    )
    number = newest(session) + 1
    row = Tombstone(item_id=item_id, number=number, batch_id=batch, position=position, keys=keys, objects=objects, files=files)
    session.add(row)
    session.flush()
    return row


def newest(session: Session) -> int:
    """The highest number given out; 0 before the first."""
    return session.scalar(select(func.max(Tombstone.number))) or 0


def to_bytes(row: Tombstone) -> bytes:
    """Canonical JSON, as it lies outside; without what changes later."""
    told: dict[str, Any] = {
        "item": row.item_id,
        "number": row.number,
        "batch": row.batch_id,
        "position": row.position,
        "begun_at": row.begun_at.isoformat(),
        "keys": row.keys,
        "objects": row.objects,
        "files": row.files,
    }
    return journal.canonical(told)


def from_bytes(data: bytes) -> Tombstone:
    """The tombstone as a row that no session knows yet. Raises ``IntegrityError`` where it is none."""
    try:
        told = json.loads(data)
        return Tombstone(
            item_id=told["item"],
            number=int(told["number"]),
            batch_id=told["batch"],
            position=int(told["position"]),
            begun_at=datetime.fromisoformat(told["begun_at"]),
            keys=list(told["keys"]),
            objects=[list(each) for each in told["objects"]],
            files=list(told["files"]),
            outside=True,
        )
    except (ValueError, KeyError, TypeError):
        raise IntegrityError("A tombstone outside the archive cannot be read. Put back the copy that was kept apart.") from None


def lay_down(store: BlobStore, row: Tombstone) -> None:
    """Writes it outside; once it lies there, doing it again does nothing. Raises ``IntegrityError`` where another lies in its
    place: then this archive and that store do not belong together."""
    data = to_bytes(row)
    writer = None
    try:
        writer = store.create(row.name)
        writer.write(data)
        writer.commit()
    except Conflict:
        if not store.exists(row.name):  # half written, by somebody who died over it or who will have it there in a moment
            store.sweep(HALF_WRITTEN)
            raise Unavailable("Somebody else is laying this tombstone down. It is tried again.") from None
        with store.open(row.name) as source:
            if source.read() != data:
                raise IntegrityError(
                    f"Another {row.name} lies outside the archive. Check MUNIMENT_CHECKPOINTS_URL: it must be its own."
                ) from None
    except BaseException:
        if writer is not None:
            writer.abort()
        raise


def outside(store: BlobStore) -> Iterator[Tombstone]:
    """All that lie outside, by number. Raises ``IntegrityError`` where one is missing or damaged."""
    expected = 1
    for name in sorted(each for each in store.names() if each.startswith(PREFIX)):
        with store.open(name) as source:
            row = from_bytes(source.read())
        if row.number != expected or row.name != name:
            raise IntegrityError(
                f"Tombstone {expected} is not outside the archive, and later ones are. Put back what is missing of that store."
            )
        expected += 1
        yield row
