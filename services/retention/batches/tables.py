"""Destruction batches: lines, witnesses, notices, objections; and the extensions that appraisal gave.

A line keeps what the register (销毁清册) says of its item after the item is gone: nothing of it is personal.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id
from services.retention.batches.model import BatchState, LineState


class DestructionBatch(Base):
    """A batch (销毁批次). ``number`` counts within the year; ``methods`` are of policy's allow-list, the paper's where there is
    paper; ``manifest_sha256`` is that of the lines as they were submitted under policy ``policy``. ``key_id``: the data key
    of what people write about the batch as a whole."""

    __tablename__ = "destruction_batches"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), default=BatchState.DRAFT, index=True)
    method: Mapped[str] = mapped_column(String(40))
    paper_method: Mapped[str | None] = mapped_column(String(40))
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    created_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    appraised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))
    policy: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    waiting_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    prechecked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    executing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    executed_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Why it was rejected or cancelled."""


class DestructionLine(Base):
    """An item in a batch. From ``reference_code`` to ``due_on``: the columns of the register, as they were when the
    manifest was frozen; ``digest``: that of all that the manifest says of it. ``obstacle``: why it was removed, or failed."""

    __tablename__ = "destruction_lines"
    __table_args__ = (Index("ix_destruction_lines_position", "batch_id", "position", unique=True),)

    batch_id: Mapped[str] = mapped_column(ForeignKey("destruction_batches.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12), default=LineState.LISTED)
    opinion: Mapped[str | None] = mapped_column(String(12))
    opinion_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    opinion_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opinion_reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    extend_until: Mapped[date | None] = mapped_column(Date)
    reference_code: Mapped[str | None] = mapped_column(String(80))
    type: Mapped[str | None] = mapped_column(String(40))
    volume: Mapped[str | None] = mapped_column(String(40))
    """The customer's file (案卷) that it lay in."""
    department: Mapped[str | None] = mapped_column(String(80))
    pages: Mapped[int] = mapped_column(Integer, default=0)
    copies: Mapped[int] = mapped_column(Integer, default=0)
    revision: Mapped[int] = mapped_column(Integer, default=0)
    received_on: Mapped[date | None] = mapped_column(Date)
    retention: Mapped[str | None] = mapped_column(String(40))
    period: Mapped[str | None] = mapped_column(String(24))
    """The class's period: ``30 years``, ``30 days``."""
    started_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    digest: Mapped[str | None] = mapped_column(String(64))
    obstacle: Mapped[str | None] = mapped_column(String(12))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was removed or destroyed."""


class DestructionWitness(Base):
    """A person who was named to witness (监销人), and what they counted before and signed after."""

    __tablename__ = "destruction_witnesses"

    batch_id: Mapped[str] = mapped_column(ForeignKey("destruction_batches.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    capacity: Mapped[str] = mapped_column(String(12))
    named_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    named_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counted_items: Mapped[int | None] = mapped_column(Integer)
    counted_pages: Mapped[int | None] = mapped_column(Integer)
    matched: Mapped[bool | None] = mapped_column(Boolean)
    """Whether that was what the manifest said."""
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_items: Mapped[int | None] = mapped_column(Integer)


class DestructionNotice(Base):
    """A department was told, and has or has not said that it knows (通知回执). ``""``: the items of no department."""

    __tablename__ = "destruction_notices"

    batch_id: Mapped[str] = mapped_column(ForeignKey("destruction_batches.id"), primary_key=True)
    department: Mapped[str] = mapped_column(String(80), primary_key=True)
    items: Mapped[int] = mapped_column(Integer)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    received_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DestructionObjection(Base):
    """Somebody objects to a line, or with no ``item_id`` to the batch. Texts lie under the item's key, or the batch's."""

    __tablename__ = "destruction_objections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    batch_id: Mapped[str] = mapped_column(ForeignKey("destruction_batches.id"), index=True)
    item_id: Mapped[str | None] = mapped_column(ForeignKey("items.id"))
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    upheld: Mapped[bool | None] = mapped_column(Boolean)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class RetentionExtension(Base):
    """Appraisal said to keep an item longer than its class does (延长保管): before ``until`` it is not due."""

    __tablename__ = "retention_extensions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    until: Mapped[date] = mapped_column(Date)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("destruction_batches.id"))
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
