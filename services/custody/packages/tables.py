"""Packages and their lines."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id


class PackageState(StrEnum):
    CHECKING = "checking"
    """The four checks for the transfer are going on."""
    BLOCKED = "blocked"
    """An item did not pass. It is mended and examined again, or the package is cancelled."""
    READY = "ready"
    SENT = "sent"
    """It was given out whole at least once; the receipt is waited for."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN = (PackageState.CHECKING, PackageState.BLOCKED, PackageState.READY, PackageState.SENT)


class Package(Base):
    """``until``: the ledger's length when it was opened; entries before it are the history that goes along, so that the package
    is the same whenever it is fetched. ``digest``: the SHA-512 of its tag manifest as last given out; the receipt names it."""

    __tablename__ = "packages"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    receiver: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), index=True, default=PackageState.CHECKING)
    until: Mapped[int] = mapped_column(BigInteger)
    opened_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    digest: Mapped[str | None] = mapped_column(String(128))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lines: Mapped[list[PackageLine]] = relationship(order_by="PackageLine.position")


class PackageLine(Base):
    """``accepted`` is None until the receipt is entered; ``reason_sealed``, under the item's key, says why not."""

    __tablename__ = "package_lines"

    package_id: Mapped[str] = mapped_column(ForeignKey("packages.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    accepted: Mapped[bool | None] = mapped_column(Boolean)
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
