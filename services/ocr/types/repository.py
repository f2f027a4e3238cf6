"""Models in the catalogue, and the items that people have said the type of."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.model import ItemState
from services.kernel.tables import DataKey, Item
from services.ocr.types.model import TypeModel, shipped
from services.ocr.types.tables import TypeModelVersion

MOST_EXAMPLES = 2000
CLOSED = (ItemState.DESTROYING, ItemState.DESTROYED, ItemState.TRANSFERRED)
SAID_BY_A_PERSON = 1.0
"""The confidence of a type that a correction or a cover sheet names; rules and models never have it."""


def current(session: Session) -> TypeModel:
    """The newest model that was accepted; the shipped one where none was. Each is unpacked once a process."""
    query = select(func.max(TypeModelVersion.version)).where(TypeModelVersion.accepted)
    version = session.scalar(query)
    return shipped() if version is None else _opened(session, version)


def newest(session: Session) -> int:
    return session.scalar(select(func.max(TypeModelVersion.version))) or 0


def said_by_people(session: Session) -> list[Item]:
    """The newest items of which a person said what they are, and that may be looked at: not what is only to be stored."""
    query = (
        select(Item)
        .join(DataKey, DataKey.id == Item.key_id)
        .where(
            Item.type_confidence == SAID_BY_A_PERSON,
            Item.type.is_not(None),
            Item.restricted.is_(False),
            Item.state.not_in(CLOSED),
            DataKey.destroyed_at.is_(None),
        )
    )
    return list(session.scalars(query.order_by(Item.id.desc()).limit(MOST_EXAMPLES)))


def _opened(session: Session, version: int) -> TypeModel:
    arrays = session.scalar(select(TypeModelVersion.arrays).where(TypeModelVersion.version == version))
    assert arrays is not None, "what was accepted was kept"
    return _unpacked(arrays)


_unpacked = lru_cache(maxsize=2)(TypeModel.from_bytes)
