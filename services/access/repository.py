"""What access asks of the catalogue."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.model import ItemState, RenditionKind
from services.kernel.tables import Blob, Item, Page, Rendition


def items(
    session: Session, *, owner_id: str | None, batch_id: str | None, type_: str | None, after: str | None, limit: int
) -> list[Item]:
    """Newest first; of one owner, or of all."""
    query = select(Item).where(Item.state != ItemState.DESTROYED).order_by(Item.id.desc()).limit(limit)
    asked = ((Item.owner_id, owner_id), (Item.batch_id, batch_id), (Item.type, type_))
    for column, value in asked:
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(Item.id < after)
    return list(session.scalars(query))


def rendition(session: Session, item: Item, kind: RenditionKind, page: int = 0) -> Blob | None:
    query = (
        select(Blob)
        .join(Rendition, Rendition.blob_id == Blob.id)
        .where(
            Rendition.item_id == item.id,
            Rendition.kind == kind,
            Rendition.page == page,
            Rendition.revision == item.revision,
        )
    )
    return session.scalar(query)


def pages(session: Session, item: Item) -> list[Page]:
    return list(session.scalars(select(Page).where(Page.item_id == item.id).order_by(Page.number)))
