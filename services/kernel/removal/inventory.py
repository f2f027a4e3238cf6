"""What there is of an item: its data keys, its objects, and the files that nobody else needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.kernel.dialects import take_turn
from services.kernel.model import ItemState
from services.kernel.tables import Blob, File, Item, Rendition, Rescan

LEAVING = (ItemState.DESTROYING, ItemState.DESTROYED)
"""Such an item needs nothing any more."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """``objects`` are ``[name, SHA-256 of the ciphertext]``; ``files`` also those that were handed in twice."""

    item_id: str
    keys: list[str]
    objects: list[list[str]]
    files: list[str]


def of(session: Session, item: Item) -> Inventory:
    """All revisions' renditions and the masters of superseded scans too (hard case 7). A scan that several items were cut from,
    or are read from now, lives as long as its last referrer (hard case 2): of items that leave at once the last takes it."""
    files = [file for file in _files(session, item) if not _needed(session, file, item)]
    masters = [file.master_id for file in files if file.master_id is not None]
    renditions = select(Rendition.blob_id).where(Rendition.item_id == item.id)
    blobs = session.scalars(select(Blob).where(or_(Blob.id.in_(renditions), Blob.id.in_(masters))).order_by(Blob.id)).all()
    copies = _handed_in_again(session, files)
    keys = dict.fromkeys((item.key_id, *(each.key_id for each in (*files, *copies)), *(blob.key_id for blob in blobs)))
    return Inventory(
        item.id,
        _own(session, item, list(keys)),
        [[blob.name, blob.stored_sha256] for blob in blobs],
        [each.id for each in (*files, *copies)],
    )


def _files(session: Session, item: Item) -> Sequence[File]:
    """The file that the item is read from, and those it was read from before it was scanned again."""
    before = select(Rescan.old_file_id).where(Rescan.item_id == item.id)
    later = select(Rescan.new_file_id).where(Rescan.item_id == item.id)
    wanted = or_(File.id == item.file_id, File.id.in_(before), File.id.in_(later))
    files = session.scalars(select(File).where(wanted).order_by(File.id)).all()
    for file in files:
        take_turn(session, "file", file.id)
    return files


def _needed(session: Session, file: File, item: Item) -> bool:
    """Whether an item that stays was cut from this file, now or before it was scanned again."""
    rescanned = select(Rescan.item_id).where(or_(Rescan.old_file_id == file.id, Rescan.new_file_id == file.id))
    others = select(Item.id).where(
        or_(Item.file_id == file.id, Item.id.in_(rescanned)), Item.id != item.id, Item.state.not_in(LEAVING)
    )
    return session.scalar(others.limit(1)) is not None


def _handed_in_again(session: Session, files: Sequence[File]) -> Sequence[File]:
    """The same content, delivered once more: a name under a key of its own, and no master."""
    ids = [file.id for file in files]
    return session.scalars(select(File).where(File.duplicate_of.in_(ids)).order_by(File.id)).all() if ids else ()


def _own(session: Session, item: Item, keys: list[str]) -> list[str]:
    """Those under which nothing of another item, and no other file's master, lies."""
    others = set(
        session.scalars(select(Item.key_id).where(Item.key_id.in_(keys), Item.id != item.id, Item.state.not_in(LEAVING)))
    )
    return [key for key in keys if key not in others]


def known(session: Session, names: Iterable[str]) -> list[str]:
    """Which of these objects a row still names."""
    return list(session.scalars(select(Blob.name).where(Blob.name.in_(list(names)))))
