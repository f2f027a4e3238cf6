"""An item on its way: the only place that changes its state, and that tells the index of what changed."""

from __future__ import annotations

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
