"""Incidents (损坏、涂改、遗失, behaviour 16): what has happened to paper or to a stored object. One register, for access that
lends and for custody that re-reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel import notices
from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.dialects import take_turn
from services.kernel.ids import new_id
from services.kernel.ledger import journal
from services.kernel.model import Role

CORRUPTION = "corruption"
TOLD = (Role.ARCHIVIST, Role.COMPANY_LEADER)


class Incident(Base):
    """``kind`` is ``loss``, ``damage`` or ``alteration`` of paper, or ``corruption`` of the stored object ``blob_id``, which
    nobody reported: ``details`` then says what is wrong with each copy. What people wrote is under the item's key, or under
    ``key_id`` where it belongs to no item or to several."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    item_id: Mapped[str | None] = mapped_column(ForeignKey("items.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    loan_id: Mapped[str | None] = mapped_column(String(36), index=True)
    copy_id: Mapped[str | None] = mapped_column(String(36), index=True)
    blob_id: Mapped[str | None] = mapped_column(String(36), index=True)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    reported_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    outcome: Mapped[str | None] = mapped_column(String(12))
    outcome_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    settled_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def found_damaged(session: Session, blob_id: str, item_id: str | None, faults: dict[str, str]) -> None:
    """Enters that no copy of a stored object is whole, and tells archivists and leaders; once, while that is not settled."""
    take_turn(session, "incident", blob_id)
    if _open(session, blob_id):
        return
    incident = Incident(item_id=item_id, kind=CORRUPTION, blob_id=blob_id, details={"copies": faults})
    session.add(incident)
    session.flush()
    notices.notify(session, notices.holders(session, TOLD), "incident.reported", "incident", incident.id)
    told: dict[str, Any] = {"incident": incident.id, "kind": CORRUPTION, "object": blob_id, "copies": faults}
    journal.append(session, "incident.report", actor=None, item=item_id, **told)


def found_whole(session: Session, blob_id: str) -> None:
    """Settles what was open about the object: somebody has put it back as it was stored."""
    for incident in _open(session, blob_id):
        incident.outcome, incident.settled_at = "repaired", now()
        journal.append(session, "incident.settle", actor=None, item=incident.item_id, incident=incident.id, outcome="repaired")


def _open(session: Session, blob_id: str) -> list[Incident]:
    return list(session.scalars(select(Incident).where(Incident.blob_id == blob_id, Incident.settled_at.is_(None))))
