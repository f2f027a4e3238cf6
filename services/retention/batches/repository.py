"""What destruction batches ask of the catalogue. Lines come a piece at a time: a batch may have a hundred thousand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.kernel.dialects import TO_CHANGE
from services.kernel.model import ItemState
from services.kernel.tables import Item
from services.retention.batches.model import BatchState, LineState, Opinion
from services.retention.batches.tables import DestructionBatch, DestructionLine, DestructionNotice, DestructionObjection
from services.retention.batches.tables import DestructionWitness as Witness

SOME = 500
"""How many lines one statement is for."""


def batch(session: Session, batch_id: str, *, to_change: bool = False) -> DestructionBatch | None:
    return session.get(DestructionBatch, batch_id, with_for_update=TO_CHANGE if to_change else None)


def batches(
    session: Session, *, state: str | None, ids: Sequence[str] | None, after: str | None, limit: int
) -> list[DestructionBatch]:
    """Newest first; of ``ids`` alone, where they are given."""
    query = select(DestructionBatch).order_by(DestructionBatch.id.desc()).limit(limit)
    if state is not None:
        query = query.where(DestructionBatch.state == state)
    if ids is not None:
        query = query.where(DestructionBatch.id.in_(ids))
    return list(session.scalars(query if after is None else query.where(DestructionBatch.id < after)))


def in_state(session: Session, *states: BatchState) -> list[DestructionBatch]:
    """Oldest first."""
    return list(
        session.scalars(select(DestructionBatch).where(DestructionBatch.state.in_(states)).order_by(DestructionBatch.id))
    )


def lines(
    session: Session, batch_id: str, *, state: str | None, opinion: str | None, after: int, limit: int
) -> list[DestructionLine]:
    """In the order of the manifest, from the position after ``after``."""
    query = (
        select(DestructionLine)
        .where(DestructionLine.batch_id == batch_id, DestructionLine.position > after)
        .order_by(DestructionLine.position)
        .limit(limit)
    )
    if state is not None:
        query = query.where(DestructionLine.state == state)
    if opinion is not None:
        query = query.where(DestructionLine.opinion == opinion)
    return list(session.scalars(query))


def each_piece(
    session: Session, batch_id: str, *, state: str | None = None, opinion: str | None = None
) -> Iterator[list[DestructionLine]]:
    """All of a batch's lines, a piece at a time, each forgotten when the next comes. Changes go by :func:`change_lines`."""
    position = 0
    while found := lines(session, batch_id, state=state, opinion=opinion, after=position, limit=SOME):
        position = found[-1].position
        yield found
        session.flush()
        for line in found:
            session.expunge(line)


def lines_of(session: Session, batch_id: str, ids: Sequence[str]) -> dict[str, DestructionLine]:
    """The lines of these items, by item."""
    here = (DestructionLine.batch_id == batch_id, DestructionLine.item_id.in_(ids))
    return {line.item_id: line for line in session.scalars(select(DestructionLine).where(*here))}


def change_lines(session: Session, batch_id: str, ids: Sequence[str], **values: object) -> None:
    here = (DestructionLine.batch_id == batch_id, DestructionLine.item_id.in_(ids))
    session.execute(update(DestructionLine).where(*here).values(**values))


def last_position(session: Session, batch_id: str) -> int:
    return session.scalar(select(func.max(DestructionLine.position)).where(DestructionLine.batch_id == batch_id)) or 0


def totals(session: Session, batch_id: str) -> dict[str, tuple[int, int]]:
    """Items and pages by the state of their line."""
    query = (
        select(DestructionLine.state, func.count(), func.coalesce(func.sum(DestructionLine.pages), 0))
        .where(DestructionLine.batch_id == batch_id)
        .group_by(DestructionLine.state)
    )
    return {state: (items, int(pages)) for state, items, pages in session.execute(query)}


def opinions(session: Session, batch_id: str) -> dict[str | None, int]:
    """How many listed lines have which opinion."""
    here = (DestructionLine.batch_id == batch_id, DestructionLine.state == LineState.LISTED)
    query = select(DestructionLine.opinion, func.count()).where(*here).group_by(DestructionLine.opinion)
    return dict(session.execute(query).all())


def departments(session: Session, batch_id: str) -> dict[str, int]:
    """How many listed lines are of which department; ``""`` of none."""
    here = (DestructionLine.batch_id == batch_id, DestructionLine.state == LineState.LISTED)
    name = func.coalesce(DestructionLine.department, "")
    return dict(session.execute(select(name, func.count()).where(*here).group_by(name)).all())


def due(session: Session, *, type_: str | None, department: str | None, limit: int) -> list[str]:
    """Items that are due and that nothing keeps, oldest first."""
    free = (Item.state == ItemState.DUE, Item.holds == 0, Item.on_loan.is_(False), Item.missing.is_(False))
    query = select(Item.id).where(*free).order_by(Item.id).limit(limit)
    if type_ is not None:
        query = query.where(Item.type == type_)
    if department is not None:
        query = query.where(Item.department == department)
    return list(session.scalars(query))


def witnesses(session: Session, batch_id: str) -> list[Witness]:
    return list(
        session.scalars(select(Witness).where(Witness.batch_id == batch_id).order_by(Witness.named_at, Witness.person_id))
    )


def witnessed_by(session: Session, person_id: str) -> list[str]:
    """The batches that this person is named for."""
    return list(session.scalars(select(Witness.batch_id).where(Witness.person_id == person_id)))


def notices(session: Session, batch_id: str) -> list[DestructionNotice]:
    query = select(DestructionNotice).where(DestructionNotice.batch_id == batch_id).order_by(DestructionNotice.department)
    return list(session.scalars(query))


def objections(session: Session, batch_id: str) -> list[DestructionObjection]:
    query = select(DestructionObjection).where(DestructionObjection.batch_id == batch_id).order_by(DestructionObjection.id)
    return list(session.scalars(query))


def unanswered(session: Session, batch_id: str) -> int:
    """Objections without an answer whose line has not left meanwhile."""
    left = select(DestructionLine.item_id).where(
        DestructionLine.batch_id == batch_id, DestructionLine.state == LineState.REMOVED
    )
    query = select(func.count()).where(
        DestructionObjection.batch_id == batch_id,
        DestructionObjection.upheld.is_(None),
        DestructionObjection.item_id.is_(None) | DestructionObjection.item_id.not_in(left),
    )
    return session.scalar(query) or 0


def to_destroy(session: Session, batch_id: str) -> tuple[int, int]:
    """How many items and pages are listed to be destroyed."""
    query = select(func.count(), func.coalesce(func.sum(DestructionLine.pages), 0)).where(
        DestructionLine.batch_id == batch_id,
        DestructionLine.state == LineState.LISTED,
        DestructionLine.opinion == Opinion.DESTROY,
    )
    items, pages = session.execute(query).one()
    return items, int(pages)


def in_manifest(session: Session, batch_id: str) -> tuple[int, int]:
    """Items and pages that are, or were, to be destroyed: what is left of the manifest."""
    query = select(func.count(), func.coalesce(func.sum(DestructionLine.pages), 0)).where(
        DestructionLine.batch_id == batch_id,
        DestructionLine.digest.is_not(None),
        DestructionLine.state != LineState.REMOVED,
    )
    items, pages = session.execute(query).one()
    return items, int(pages)


def destroyed(session: Session, batch_id: str) -> int:
    here = (DestructionLine.batch_id == batch_id, DestructionLine.state == LineState.DESTROYED)
    return session.scalar(select(func.count()).where(*here)) or 0
