"""Requests and the items that they are for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class RequestState(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    """All its items were gone, or on their way to destruction, before it was decided."""


class AccessRequest(Base):
    """Who asks for what, for how long and what for (明确查阅范围和目的, B八). ``purpose_sealed`` is under a data key of its
    own; ``department`` the requester's when it was made; ``policy`` the version that says who approves;
    ``masked``: whether personal data may stay masked."""

    __tablename__ = "access_requests"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    department: Mapped[str | None] = mapped_column(String(80))
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    purpose_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    days: Mapped[int] = mapped_column(Integer)
    copies: Mapped[int] = mapped_column(Integer, default=0)
    masked: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    policy: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12), default=RequestState.OPEN, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    items: Mapped[list[RequestedItem]] = relationship(order_by="RequestedItem.item_id", lazy="selectin")


class RequestedItem(Base):
    __tablename__ = "access_request_items"

    request_id: Mapped[str] = mapped_column(ForeignKey("access_requests.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
