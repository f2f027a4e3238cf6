"""An item on its way: the only place that changes its state, and that tells the index of what changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal_column, select, update
from sqlalchemy.orm import Session

from services.kernel.dialects import among, json_of
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.model import ItemState, advance
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Item

_COLON, _ITEM, _REVISION = (literal_column(f"'{each}'", String) for each in (":", "item", "revision"))
_KEY = Item.id + _COLON + cast(Item.revision, String) + _COLON + cast(Item.edits, String)
_INDEXING = select(_KEY, json_of(_ITEM, Item.id, _REVISION, Item.revision), Item.batch_id)
"""What brings the index up to date, for each entry: key, payload and batch of the job."""


def move(session: Session, item: Item, target: ItemState) -> None:
    """Takes one step. Raises ``Conflict`` where the rules know no such step."""
    item.state = advance(ItemState(item.state), target)
    changed(session, item)


def move_many(
    session: Session,
    item_ids: Collection[str],
    source: ItemState,
    target: ItemState,
    *conditions: ColumnElement[bool],
    **also: Any,
) -> list[str]:
    """Takes one step with all that are in the state ``source`` and meet the conditions, in one statement that may write more
    columns; returns which those were. Raises ``Conflict`` where the rules know no such step."""
    advance(source, target)
    return change_many(session, item_ids, {"state": target, **also}, Item.state == source, *conditions)


def change_many(
    session: Session, item_ids: Collection[str], values: dict[str, Any], *conditions: ColumnElement[bool]
) -> list[str]:
    """Writes the same into many entries and tells the index; returns the ids of those that met the conditions."""
    if not item_ids:
        return []
    statement = update(Item).where(among(session, Item.id, item_ids), *conditions).values(**values, edits=Item.edits + 1)
    found = session.scalars(statement.returning(Item.id), execution_options={"synchronize_session": False})
    written = sorted(found.all())
    if written:
        jobs.enqueue_each(session, Stage.INDEX, _INDEXING.where(among(session, Item.id, written)))
    return written


def changed(session: Session, item: Item) -> None:
    """Brings the index up to date with the entry, once this transaction has committed."""
    item.edits += 1
    payload = {"item": item.id, "revision": item.revision}
    jobs.enqueue(session, Stage.INDEX, f"{item.id}:{item.revision}:{item.edits}", payload, batch=item.batch_id)


def subject(session: Session, item: Item) -> Subject:
    """The item as what duties are played about. The clerk who scanned it did so before anyone asked."""
    found = Subject("item", item.id, item.created_at)
    if not duties.played(session, found, Duty.SCAN):
        duties.note(session, Duty.SCAN, found, item.owner_id)
    return found
