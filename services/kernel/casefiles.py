"""Customers' files (客户档案, 案卷), and parties who were found to be one person. Filing keeps them; holds and retention reach
items through them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class CaseFile(Base):
    """A file (案卷) under a data key of its own; its title may name a customer. ``number`` counts within the year."""

    __tablename__ = "case_files"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    title_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    customer_type: Mapped[str | None] = mapped_column(String(40))
    business_type: Mapped[str] = mapped_column(String(40))
    department: Mapped[str | None] = mapped_column(String(80))
    opened_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    items: Mapped[list[CaseFileItem]] = relationship(order_by="CaseFileItem.at, CaseFileItem.item_id")


class CaseFileItem(Base):
    """An item in a file; one paper may lie in several, such as an identity card in each of its holder's deals."""

    __tablename__ = "case_file_items"

    file_id: Mapped[str] = mapped_column(ForeignKey("case_files.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class PartySubject(Base):
    """A person or organisation (主体) that several parties were confirmed to be. It holds nothing about them."""

    __tablename__ = "party_subjects"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
