"""Which values wait for a look."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from services.kernel.model import ItemState
from services.kernel.tables import FieldValue, Item

STATES = (ItemState.SCANNED, ItemState.QC_PASSED, ItemState.QC_FAILED, ItemState.CATALOGUED)
"""Before an entry is signed; afterwards its values stand on a form."""


def doubtful(
    session: Session, *, below: float, owner_id: str | None, after: tuple[float, str] | None, limit: int
) -> list[FieldValue]:
    """Values as read that nobody has confirmed or replaced, less sure than ``below``, the least sure first."""
    query = select(FieldValue).where(*_waiting(below, owner_id)).join(Item).limit(limit)
    if after is not None:
        sure, last = after
        further = FieldValue.confidence > sure
        query = query.where(or_(further, and_(FieldValue.confidence == sure, FieldValue.id > last)))
    return list(session.scalars(query.order_by(FieldValue.confidence, FieldValue.id)))


def count(session: Session, *, below: float, owner_id: str | None) -> int:
    query = select(func.count()).select_from(FieldValue).join(Item).where(*_waiting(below, owner_id))
    return session.scalar(query) or 0


def _waiting(below: float, owner_id: str | None) -> list[ColumnElement[bool]]:
    replaced = select(FieldValue.replaces).where(FieldValue.replaces.is_not(None))
    wanted = [
        Item.state.in_(STATES),
        FieldValue.revision == Item.revision,
        FieldValue.verification == "read",
        FieldValue.confidence < below,
        FieldValue.id.not_in(replaced),
    ]
    return wanted if owner_id is None else [*wanted, Item.owner_id == owner_id]
