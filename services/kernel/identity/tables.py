"""People, their roles over time, tokens and sessions. Secrets are kept as digests only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, LargeBinary, String, Text
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
    """These two are the release before's: tries are counted by name now, see ``tries``."""
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
    """What opens the archive: a bearer ``token``, a ``session`` cookie, or a ``pending`` cookie between password and second
    factor. ``digest`` is the SHA-256 of a 256-bit random secret. ``address`` and ``agent`` tell its owner where it was
    opened."""

    __tablename__ = "credentials"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    idle_minutes: Mapped[int | None]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(lazy="joined")


class SignInTries(Base):
    """How often a name was tried in vain, by its digest, whether somebody bears it or not."""

    __tablename__ = "sign_in_tries"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    failed: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class SecondFactor(Base):
    """A person's authenticator (TOTP, RFC 6238). ``last_step`` is the newest time step that a code was taken of: no code counts
    twice. Not ``confirmed_at`` means that the enrolment was only begun."""

    __tablename__ = "second_factors"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """Stands once for the authenticator that was lost; ``digest`` is the SHA-256 of 120 random bits."""

    __tablename__ = "recovery_codes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
