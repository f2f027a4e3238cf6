"""What the quality check asks of the catalogue."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.filing.quality.tables import CheckedItem, QualityCheck
from services.kernel.dialects import TO_CHANGE
from services.kernel.model import ItemState
from services.kernel.tables import Item


def waiting(session: Session, *, batch_id: str | None, owner_id: str | None, after: str | None, limit: int) -> list[Item]:
    """Items that are scanned and in no lot that is still open, oldest first."""
    query = select(Item).where(Item.state == ItemState.SCANNED, Item.id.not_in(in_open_lots())).order_by(Item.id).limit(limit)
    for column, value in ((Item.batch_id, batch_id), (Item.owner_id, owner_id)):
        if value is not None:
            query = query.where(column == value)
    return list(session.scalars(query if after is None else query.where(Item.id > after)))


def in_open_lots() -> Select[str]:
    """The ids of the items that are in a lot which is not closed."""
    return (
        select(CheckedItem.item_id)
        .join(QualityCheck, QualityCheck.id == CheckedItem.check_id)
        .where(QualityCheck.closed_at.is_(None))
    )


def check(session: Session, check_id: str, *, to_change: bool) -> QualityCheck | None:
    return session.get(QualityCheck, check_id, with_for_update=TO_CHANGE if to_change else None)


def checks(session: Session, *, open_only: bool, after: str | None, limit: int) -> list[QualityCheck]:
    """Newest first."""
    query = select(QualityCheck).order_by(QualityCheck.id.desc()).limit(limit)
    if open_only:
        query = query.where(QualityCheck.closed_at.is_(None))
    return list(session.scalars(query if after is None else query.where(QualityCheck.id < after)))


def items_of(session: Session, check: QualityCheck) -> list[Item]:
    """The items of a lot, locked."""
    ids = [each.item_id for each in check.items]
    return list(session.scalars(select(Item).where(Item.id.in_(ids)).order_by(Item.id).with_for_update(key_share=True)))
