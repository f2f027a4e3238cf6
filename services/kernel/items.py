"""An item on its way: the only place that changes its state, and that tells the index of what changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.model import ItemState, advance
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Item


def move(session: Session, item: Item, target: ItemState) -> None:
    """Takes one step. Raises ``Conflict`` where the rules know no such step."""
    item.state = advance(ItemState(item.state), target)
    changed(session, item)


def move_many(
    session: Session, item_ids: Collection[str], source: ItemState, target: ItemState, *conditions: ColumnElement[bool]
) -> list[str]:
    """Takes one step with all that are in the state ``source`` and meet the conditions, in one statement; returns which those
    were. Raises ``Conflict`` where the rules know no such step."""
    advance(source, target)
    return change_many(session, item_ids, {"state": target}, Item.state == source, *conditions)


def change_many(
    session: Session, item_ids: Collection[str], values: dict[str, Any], *conditions: ColumnElement[bool]
) -> list[str]:
    """Writes the same into many entries and tells the index; returns the ids of those that met the conditions."""
    if not item_ids:
        return []
    statement = update(Item).where(Item.id.in_(item_ids), *conditions).values(**values, edits=Item.edits + 1)
    told = statement.returning(Item.id, Item.revision, Item.edits, Item.batch_id)
    rows: Sequence[Any] = session.execute(told, execution_options={"synchronize_session": False}).all()
    work = [(f"{row.id}:{row.revision}:{row.edits}", {"item": row.id, "revision": row.revision}, row.batch_id) for row in rows]
    jobs.enqueue_many(session, Stage.INDEX, work)
    return sorted(row.id for row in rows)


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
