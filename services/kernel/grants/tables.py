"""Grants and the items that they open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Grant(Base):
    """A named person, a scope of items, a purpose and an expiry (behaviour 12). ``kind`` is the access that was asked for;
    ``copies``: how many copies it still allows. The purpose itself stands in the request, sealed."""

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    request_id: Mapped[str] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    policy: Mapped[int] = mapped_column(Integer)
    unmasked: Mapped[bool] = mapped_column(Boolean, default=True)
    copies: Mapped[int] = mapped_column(Integer, default=0)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    first_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    items: Mapped[list[GrantItem]] = relationship(back_populates="grant")


class GrantItem(Base):
    """An item within a grant's scope."""

    __tablename__ = "grant_items"
    __table_args__ = (Index("ix_grant_items_item_id", "item_id"),)

    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True)

    grant: Mapped[Grant] = relationship(back_populates="items")
