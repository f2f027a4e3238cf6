"""The catalogue's part: rows deleted, columns emptied, the data keys last. In one transaction: there is no half of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Table, delete, func, select, update
from sqlalchemy.orm import Session

from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.clock import now
from services.kernel.db import Base
from services.kernel.model import ItemState
from services.kernel.removal.fates import FATES, ITEM
from services.kernel.removal.inventory import LEAVING
from services.kernel.tables import Batch, Blob, DataKey, File, Item, Page, PageBand


def remove(session: Session, item_id: str, *, objects: Collection[str], files: Collection[str], keys: Collection[str]) -> None:
    """All of it, for whoever destroys again what an older copy brought back."""
    clear(session, item_id, objects=objects, files=files)
    destroy_keys(session, keys)


def clear(session: Session, item_id: str, *, objects: Collection[str], files: Collection[str]) -> None:
    """Leaves of the item what ``fates`` says, and of ``files`` that they were handed in. Doing it again changes nothing. The
    item becomes DESTROYED whatever it was: in a copy that was put back it is in another state."""
    pages = select(Page.id).where(Page.item_id == item_id)
    session.execute(delete(PageBand).where(PageBand.page_id.in_(pages)))
    for name, fate in FATES.items():
        table = Base.metadata.tables.get(name)
        if table is not None:
            _apply(session, table, item_id, gone=fate.gone, emptied=fate.emptied)
    gone: dict[str, Any] = {"state": ItemState.DESTROYED, "problems": [], "edits": Item.edits + 1, **dict.fromkeys(ITEM)}
    session.execute(update(Item).where(Item.id == item_id).values(**gone))
    if files:
        nothing: dict[str, Any] = {"master_id": None, "name_sealed": b"", "sha256": "", "problems": []}
        session.execute(update(File).where(File.id.in_(files)).values(**nothing))
        _forget_deliveries(session, files)
    session.execute(delete(Blob).where(Blob.name.in_(objects)))
    _close_files(session, item_id)


def destroy_keys(session: Session, keys: Collection[str]) -> None:
    """Empties data keys: nothing that was written under them can be opened again, in any copy."""
    held = (DataKey.id.in_(keys), DataKey.destroyed_at.is_(None))  # one that no backup brought back is destroyed too
    session.execute(update(DataKey).where(*held).values(wrapped=None, destroyed_at=now()))


def _apply(session: Session, table: Table, item_id: str, *, gone: bool, emptied: tuple[str, ...]) -> None:
    its = table.c.item_id == item_id
    if gone:
        session.execute(delete(table).where(its))
    elif emptied:
        session.execute(update(table).where(its).values({name: _nothing(table.c[name]) for name in emptied}))


def _nothing(column: Column[Any]) -> bytes | None:
    return None if column.nullable else b""


def _forget_deliveries(session: Session, files: Collection[str]) -> None:
    """What a person called a delivery whose files are all gone."""
    left = select(File.id).where(File.batch_id == Batch.id, File.sha256 != "").exists()
    its = select(File.batch_id).where(File.id.in_(files))
    session.execute(
        update(Batch).where(Batch.id.in_(its), ~left).values(title=""), execution_options={"synchronize_session": False}
    )


def _close_files(session: Session, item_id: str) -> None:
    """A customer's file whose papers are all gone loses its name too."""
    for file in session.scalars(select(CaseFile).join(CaseFileItem).where(CaseFileItem.item_id == item_id)).all():
        alive = (
            select(func.count())
            .select_from(CaseFileItem)
            .join(Item, Item.id == CaseFileItem.item_id)
            .where(CaseFileItem.file_id == file.id, Item.id != item_id, Item.state.not_in(LEAVING))
        )
        if not session.scalar(alive):
            file.title_sealed = b""
            destroy_keys(session, [file.key_id])
