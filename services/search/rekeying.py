"""A new look-up key for the whole archive, while it is served: everything that is found by a digest gets one under it, and only
then the old key goes. It may be broken off anywhere and begun again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import readings
from services.kernel.core import Kernel
from services.kernel.policy.lookup import LOOKUP_FIELDS
from services.kernel.tables import FieldValue, Item
from services.search.index.port import Index
from services.search.service import reindex

ITEMS = 50


def rotate(kernel: Kernel, index: Index, *, actor: str | None, progress: Callable[[int], None] | None = None) -> int:
    """Returns how many items the index has under the new key."""
    with kernel.database.write() as session:
        number = kernel.lookups.rotate(session, actor=actor)
    last = ""
    while True:
        with kernel.database.write() as session:
            last = _fields(session, kernel, last)
        if not last:
            break
    count = reindex(kernel, index, actor=actor, progress=progress)
    with kernel.database.write() as session:
        kernel.lookups.retire(session, number, actor=actor)
    return count


def _fields(session: Session, kernel: Kernel, last: str) -> str:
    """Gives the fields of the next items new digests; returns the last item's id, nothing behind the last."""
    keys = kernel.lookups.newest(session)
    here = (FieldValue.lookup.is_not(None), FieldValue.name.in_(LOOKUP_FIELDS))
    having = select(FieldValue.item_id).where(FieldValue.item_id > last, *here).distinct()
    ids = session.scalars(having.order_by(FieldValue.item_id).limit(ITEMS)).all()
    for item in session.scalars(select(Item).where(Item.id.in_(ids))):
        for row in session.scalars(select(FieldValue).where(FieldValue.item_id == item.id, *here)):
            row.lookup = keys.digest(row.name, readings.open_field(session, kernel.vault, item, row).value)
    return ids[-1] if ids else ""
