"""What fixity asks of the catalogue: which objects are to be looked at, whose they are, and what was seen of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, union
from sqlalchemy.orm import Session

from services.custody.fixity.tables import ObjectCheck, Result
from services.kernel.db import Database
from services.kernel.dialects import upsert
from services.kernel.model import ItemState
from services.kernel.tables import Blob, File, Item, Rendition, Rescan

ROWS = 500
ENDING = frozenset({ItemState.DESTROYING, ItemState.DESTROYED})


@dataclass(frozen=True, slots=True)
class StoredObject:
    """``expected`` is the SHA-256 of the ciphertext."""

    id: str
    name: str
    expected: str


def every(database: Database) -> Iterator[StoredObject]:
    """All objects, oldest first, in pages of one snapshot each."""
    last = ""
    while True:
        with database.read() as session:
            query = select(Blob.id, Blob.name, Blob.stored_sha256).where(Blob.id > last).order_by(Blob.id).limit(ROWS)
            rows = [StoredObject(*row) for row in session.execute(query)]
        if not rows:
            return
        last = rows[-1].id
        yield from rows


def next_ones(session: Session, limit: int) -> list[StoredObject]:
    """Those never looked at first, then those last looked at longest ago."""
    query = (
        select(Blob.id, Blob.name, Blob.stored_sha256)
        .outerjoin(ObjectCheck, ObjectCheck.blob_id == Blob.id)
        .order_by(ObjectCheck.checked_at.asc().nulls_first(), Blob.id)
        .limit(limit)
    )
    return [StoredObject(*row) for row in session.execute(query)]


def overdue(session: Session, before: datetime) -> int:
    """How many objects nobody has looked at since ``before``, and that are older than that."""
    unseen = or_(ObjectCheck.blob_id.is_(None), ObjectCheck.checked_at < before)
    query = select(func.count()).select_from(Blob).outerjoin(ObjectCheck, ObjectCheck.blob_id == Blob.id)
    return session.scalar(query.where(Blob.created_at < before, unseen)) or 0


def objects_of(session: Session, item: Item) -> list[StoredObject]:
    """The master and all that was made of it, what a rescan superseded too."""
    before = select(Rescan.old_file_id).where(Rescan.item_id == item.id)
    master = select(File.master_id).where(or_(File.id == item.file_id, File.id.in_(before)), File.master_id.is_not(None))
    copies = select(Rendition.blob_id).where(Rendition.item_id == item.id)
    query = select(Blob.id, Blob.name, Blob.stored_sha256).where(or_(Blob.id.in_(master), Blob.id.in_(copies)))
    return [StoredObject(*row) for row in session.execute(query.order_by(Blob.id))]


def owners(session: Session, object_id: str) -> list[tuple[str, str]]:
    """Id and state of the items that the object belongs to; a master may hold several, also such as were scanned again since;
    that of a rejected file none."""
    made = select(Rendition.item_id).where(Rendition.blob_id == object_id)
    cut = select(Item.id).join(File, File.id == Item.file_id).where(File.master_id == object_id)
    superseded = select(Rescan.item_id).join(File, File.id == Rescan.old_file_id).where(File.master_id == object_id)
    query = select(Item.id, Item.state).where(Item.id.in_(union(made, cut, superseded))).order_by(Item.id)
    return [(row.id, row.state) for row in session.execute(query)]


def stays(session: Session, object_id: str) -> bool:
    """Whether the object is to be there: its row is, and it belongs to nothing that is being destroyed."""
    there = session.scalar(select(Blob.id).where(Blob.id == object_id)) is not None
    return there and not any(state in ENDING for _, state in owners(session, object_id))


def note(session: Session, checks: Sequence[tuple[str, Result, dict[str, str]]], at: datetime) -> None:
    """What was seen of these objects; of one whose row went meanwhile nothing is noted."""
    ids = [each[0] for each in checks]
    there = set(session.scalars(select(Blob.id).where(Blob.id.in_(ids))))
    for blob_id, result, faults in sorted(checks, key=lambda each: each[0]):
        if blob_id in there:
            values = {"checked_at": at, "result": result, "faults": faults}
            row = upsert(session, ObjectCheck).values(blob_id=blob_id, **values)
            session.execute(row.on_conflict_do_update(index_elements=["blob_id"], set_=values))
