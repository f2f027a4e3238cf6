"""What a certificate (销毁证明) says: each store with its counts, the method, the people, the ledger's positions. It is made of
what is left when all is gone, and names no item's content."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.approvals.tables import Approval
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.tombstones import Tombstone
from services.retention.batches import repository as batches
from services.retention.batches.duty import KIND, subject_of
from services.retention.batches.model import LineState
from services.retention.batches.tables import DestructionBatch, DestructionLine
from services.retention.destruction.tables import DestructionRun

FORM = "muniment/destruction-certificate/1"
"""The first line of the signed text."""


def content(session: Session, batch: DestructionBatch, run: DestructionRun, *, number: str, at: datetime) -> dict[str, Any]:
    """The certificate as JSON."""
    lines = (DestructionLine.batch_id == batch.id, DestructionLine.state == LineState.DESTROYED)
    items, pages = session.execute(select(func.count(), func.coalesce(func.sum(DestructionLine.pages), 0)).where(*lines)).one()
    stones = select(func.min(Tombstone.number), func.max(Tombstone.number), func.min(Tombstone.position))
    first, last, position = session.execute(stones.where(Tombstone.batch_id == batch.id)).one()
    methods = versions.at(session, batch.policy or 0).destruction.methods
    return {
        "form": FORM,
        "number": number,
        "batch": {"id": batch.id, "number": batch.number, "manifest_sha256": batch.manifest_sha256, "policy": batch.policy},
        "items": items,
        "pages": int(pages),
        "left_out": _left_out(session, batch),
        "method": {"name": batch.method, "nist_800_88r2": methods.get(batch.method)},
        "paper_method": batch.paper_method,
        "people": _people(session, batch),
        "stores": run.report,
        "ledger": {"executing": run.position, "first_item": position, "verified": run.verified_position},
        "tombstones": {"first": first, "last": last},
        "executing_at": batch.executing_at.isoformat() if batch.executing_at else None,
        "verified_at": run.verified_at.isoformat() if run.verified_at else None,
        "issued_at": at.isoformat(),
    }


def text(told: dict[str, Any]) -> str:
    """What is signed: the form on a line of its own, then one line of canonical JSON."""
    return f"{FORM}\n{journal.canonical(told).decode()}\n"


def _left_out(session: Session, batch: DestructionBatch) -> dict[str, int]:
    """Lines that left the batch, by reason: their items live on."""
    query = select(DestructionLine.obstacle, func.count()).where(
        DestructionLine.batch_id == batch.id, DestructionLine.state == LineState.REMOVED
    )
    return {reason or "none": count for reason, count in session.execute(query.group_by(DestructionLine.obstacle))}


def _people(session: Session, batch: DestructionBatch) -> dict[str, Any]:
    approvals = session.scalars(
        select(Approval)
        .where(
            Approval.kind == KIND, Approval.subject_id == batch.id, Approval.digest == batch.manifest_sha256, Approval.approves
        )
        .order_by(Approval.at)
    )
    proposers = duties.played(session, subject_of(batch), Duty.PROPOSE)
    return {
        "proposed_by": [_name(session, each) for each in sorted({batch.created_by, *filter(None, [batch.submitted_by])})],
        "proposers": len(proposers),
        "approved_by": [_name(session, each.person_id) | {"role": each.role, "at": each.at.isoformat()} for each in approvals],
        "executed_by": _name(session, batch.executed_by),
        "witnessed_by": [
            _name(session, each.person_id)
            | {
                "capacity": each.capacity,
                "counted_at": each.counted_at.isoformat() if each.counted_at else None,
                "counted_items": each.counted_items,
                "signed_at": each.signed_at.isoformat() if each.signed_at else None,
                "signed_items": each.signed_items,
            }
            for each in batches.witnesses(session, batch.id)
        ],
    }


def _name(session: Session, person_id: str | None) -> dict[str, Any]:
    person = session.get(Person, person_id) if person_id else None
    return {"id": person_id, "name": person.name if person else None}
