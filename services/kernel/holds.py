"""Holds (保留, 冻结): each blocks every kind of removal of what it is placed on.

Several may lie on one item; ``Item.holds`` counts those that reach it, so that whoever removes anything asks one column in the
transaction that removes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.dialects import insert_once
from services.kernel.ids import new_id
from services.kernel.tables import Item


class Hold(Base):
    """``scope`` is ``item``, ``file`` (a customer's file), ``party`` or ``query``; ``target`` the id, or the query's digest.
    Items that come into the scope later inherit it. ``reason_sealed`` is under the hold's own data key."""

    __tablename__ = "holds"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    scope: Mapped[str] = mapped_column(String(8))
    target: Mapped[str] = mapped_column(String(64), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    details: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    placed_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    remind_on: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HoldItem(Base):
    """An item that a live hold reaches; the row goes when the hold is released."""

    __tablename__ = "hold_items"

    hold_id: Mapped[str] = mapped_column(ForeignKey("holds.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)


def inherit(session: Session, scope: str, target: str, item: Item) -> int:
    """An item comes into the scope of what may be held: each live hold on it reaches the item from now on. Returns how many."""
    live = select(Hold.id).where(Hold.scope == scope, Hold.target == target, Hold.released_at.is_(None))
    reached = sum(insert_once(session, HoldItem, hold_id=each, item_id=item.id) for each in session.scalars(live).all())
    item.holds += reached
    return reached
