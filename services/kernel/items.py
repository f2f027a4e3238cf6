"""An item on its way: the only place that changes its state, and that tells the index of what changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.model import ItemState, advance
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Item

SOME = 500
"""How many rows one statement is for."""


def move(session: Session, item: Item, target: ItemState) -> None:
    """Takes one step. Raises ``Conflict`` where the rules know no such step."""
    item.state = advance(ItemState(item.state), target)
    changed(session, item)


def changed(session: Session, item: Item) -> None:
    """Brings the index up to date with the entry, once this transaction has committed."""
    item.edits += 1
    payload = {"item": item.id, "revision": item.revision}
    jobs.enqueue(session, Stage.INDEX, f"{item.id}:{item.revision}:{item.edits}", payload, batch=item.batch_id)


def move_all(session: Session, ids: Sequence[str], source: ItemState, target: ItemState) -> int:
    """The same step for many, without fetching them. Those in another state than ``source`` stay as they are; returns how many
    took it. Rows of these items that the session holds already are stale after it."""
    advance(source, target)
    moved = 0
    ordered = sorted(ids)
    for some in (ordered[at : at + SOME] for at in range(0, len(ordered), SOME)):
        here = (Item.id.in_(some), Item.state == source)
        session.execute(
            select(Item.id).where(*here).order_by(Item.id).with_for_update(key_share=True)
        )  # so none waits for another
        step = (
            update(Item)
            .where(*here)
            .values(state=target, edits=Item.edits + 1)
            .returning(Item.id, Item.revision, Item.edits, Item.batch_id)
            .execution_options(synchronize_session=False)
        )
        rows = session.execute(step).all()
        jobs.enqueue_all(
            session,
            Stage.INDEX,
            [
                jobs.Order(f"{row.id}:{row.revision}:{row.edits}", {"item": row.id, "revision": row.revision}, row.batch_id)
                for row in rows
            ],
        )
        moved += len(rows)
    return moved


def subject(session: Session, item: Item) -> Subject:
    """The item as what duties are played about. The clerk who scanned it did so before anyone asked."""
    found = Subject("item", item.id, item.created_at)
    if not duties.played(session, found, Duty.SCAN):
        duties.note(session, Duty.SCAN, found, item.owner_id)
    return found
