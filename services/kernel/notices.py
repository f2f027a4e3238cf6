"""Notices to people who must know or must act (通知), and their receipts. Texts are made where they are read, from a key and
ids: no notice holds personal data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.identity.tables import Person, PersonRole
from services.kernel.ids import new_id
from services.kernel.model import Role


class Notice(Base):
    """``key``: what happened (``access.requested``); ``kind`` and ``subject_id``: to what; ``received_at``: the receipt."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_subject", "kind", "subject_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(36))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def notify(session: Session, people: Iterable[str], key: str, kind: str, subject_id: str, **details: Any) -> int:
    """Tells each person once; returns how many."""
    chosen = dict.fromkeys(people)
    session.add_all(Notice(person_id=person, key=key, kind=kind, subject_id=subject_id, details=details) for person in chosen)
    return len(chosen)


def holders(session: Session, roles: Iterable[Role], *, departments: Iterable[str] | None = None) -> list[str]:
    """The ids of active people who hold one of the roles now, of these departments or of any."""
    query = (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(Person.active, PersonRole.role.in_(list(roles)), or_(PersonRole.until.is_(None), PersonRole.until > now()))
        .distinct()
        .order_by(Person.id)
    )
    if departments is not None:
        query = query.where(Person.department.in_(list(departments)))
    return list(session.scalars(query))
