"""What an execution asks of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.copies import TrackedCopy
from services.kernel.db import Database
from services.kernel.tombstones import Tombstone
from services.retention.batches.model import LineState
from services.retention.batches.tables import DestructionLine

SOME = 500
UNFINISHED = (LineState.DESTROYING, LineState.FAILED, LineState.LISTED)
"""In the order in which they are taken: what was begun is finished before more is."""


def next_lines(session: Session, batch_id: str, state: LineState, *, after: int, limit: int) -> list[DestructionLine]:
    query = select(DestructionLine).where(
        DestructionLine.batch_id == batch_id, DestructionLine.state == state, DestructionLine.position > after
    )
    return list(session.scalars(query.order_by(DestructionLine.position).limit(limit)))


def counts(session: Session, batch_id: str) -> dict[str, int]:
    """Lines by state."""
    query = select(DestructionLine.state, func.count()).where(DestructionLine.batch_id == batch_id)
    return {state: count for state, count in session.execute(query.group_by(DestructionLine.state))}  # noqa: C416


def tombstones(database: Database, batch_id: str) -> Iterator[list[Tombstone]]:
    """All of the batch, some at a time."""
    last = 0
    while True:
        query = select(Tombstone).where(Tombstone.batch_id == batch_id, Tombstone.number > last).order_by(Tombstone.number)
        with database.read() as session:
            rows = list(session.scalars(query.limit(SOME)))
        if not rows:
            return
        yield rows
        last = rows[-1].number


def item_ids(session: Session, batch_id: str) -> list[str]:
    """Of what was begun to be destroyed."""
    return list(session.scalars(select(Tombstone.item_id).where(Tombstone.batch_id == batch_id).order_by(Tombstone.number)))


def copies(session: Session, batch_id: str) -> list[TrackedCopy]:
    """All copies that were ever made of what the batch destroys."""
    its = select(DestructionLine.item_id).where(
        DestructionLine.batch_id == batch_id, DestructionLine.state.in_((*UNFINISHED[:2], LineState.DESTROYED))
    )
    return list(session.scalars(select(TrackedCopy).where(TrackedCopy.item_id.in_(its)).order_by(TrackedCopy.id)))
