"""People, their roles over time, tokens and sessions. Secrets are kept as digests only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class Department(Base):
    """A department (部门), by the name that people and items carry."""

    __tablename__ = "departments"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("departments.name"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Person(Base):
    """An account that acts in the archive. ``natural_id`` is the first account of the natural person behind it: several
    accounts of one human share it, and a service account has that of whoever answers for it. Duties are kept apart by it."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    natural_id: Mapped[str] = mapped_column(
        String(36), index=True, default=lambda context: context.get_current_parameters()["id"]
    )
    name: Mapped[str] = mapped_column(String(80), unique=True)
    department: Mapped[str | None] = mapped_column(String(80))
    password_hash: Mapped[str | None] = mapped_column(String(200), deferred=True)
    """Fetched for signing in alone: no other room may read it."""
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    roles: Mapped[list[PersonRole]] = relationship(back_populates="person", lazy="selectin")


class PersonRole(Base):
    """A role held from ``since`` to ``until``; rows are never deleted, for separation of duties looks at the past too."""

    __tablename__ = "person_roles"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[str] = mapped_column(String(24))
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(back_populates="roles")


class Delegation(Base):
    """One person decides for another, in one role, for a while (委托). Both then hold the duty: see ``duties``."""

    __tablename__ = "delegations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    giver_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    taker_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    giver: Mapped[Person] = relationship(foreign_keys=giver_id, lazy="joined")


class Credential(Base):
    """A bearer token or a session cookie; ``digest`` is the SHA-256 of a 256-bit random secret."""

    __tablename__ = "credentials"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(lazy="joined")
