"""An execution as it is shown to those whom it concerns."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.kernel.errors import Conflict
from services.kernel.identity.tables import Person
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import repository
from services.retention.destruction.tables import DestructionCertificate, DestructionRun

NOT_BEGUN = "This batch is not being carried out yet. Begin it once its witnesses have counted."
NOT_CLOSED = "This batch is not closed, so there is no certificate. See its execution for what is missing."


def execution(session: Session, batch: DestructionBatch) -> dict[str, Any]:
    """How far it is, what stands in the way, and the copies that a witness has to see destroyed. Raises ``Conflict`` before it
    was begun."""
    run = session.get(DestructionRun, batch.id)
    if run is None:
        raise Conflict(NOT_BEGUN)
    return {
        "batch_id": batch.id,
        "state": batch.state,
        "lines": repository.counts(session, batch.id),
        "lines_per_minute": run.lines_per_minute,
        "attempt": run.attempt,
        "paused_at": run.paused_at.isoformat() if run.paused_at else None,
        "paused_by": run.paused_by,
        "pause_reason": run.pause_reason,
        "failures": run.failures,
        "report": run.report,
        "verified_at": run.verified_at.isoformat() if run.verified_at else None,
        "copies": [
            {
                "id": copy.id,
                "item_id": copy.item_id,
                "number": copy.number,
                "form": copy.form,
                "holder": {"id": copy.holder_id, "name": session.get_one(Person, copy.holder_id).name},
                "state": copy.state,
            }
            for copy in repository.copies(session, batch.id)
            if not copy.gone
        ],
    }


def certificate(session: Session, batch: DestructionBatch) -> DestructionCertificate:
    """Raises ``Conflict`` while there is none."""
    row = session.get(DestructionCertificate, batch.id)
    if row is None:
        raise Conflict(NOT_CLOSED)
    return row
