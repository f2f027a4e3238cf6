"""The manifest: what exactly is approved, counted and destroyed. Its bytes are made from the lines again at any time, and their
SHA-256 is what the signatures stand under: ``sha256sum`` of the download tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy.orm import Session

from services.kernel.ledger.journal import canonical
from services.retention.batches import facts, repository
from services.retention.batches.model import LineState, Opinion
from services.retention.batches.tables import DestructionBatch, DestructionLine

COLUMNS = ("type", "pages", "copies", "revision", "retention", "period", "digest")
DAYS = ("received_on", "started_on", "due_on")


def freeze(session: Session, batch: DestructionBatch, submitted_at: datetime) -> None:
    """Writes into the lines what the catalogue says of their items now, and the hash into the batch. Lines that left before
    are not part of it."""
    for lines in repository.each_piece(session, batch.id):
        listed = [line.item_id for line in lines if line.state == LineState.LISTED]
        told = facts.gather(session, listed)
        for line in lines:
            found = told.get(line.item_id) if line.state == LineState.LISTED else None
            for name, value in (found.columns(line.item_id) if found else {"digest": None}).items():
                setattr(line, name, value)
    batch.submitted_at = submitted_at
    batch.manifest_sha256 = sha256(session, batch)


def sha256(session: Session, batch: DestructionBatch) -> str:
    found = hashlib.sha256()
    for piece in content(session, batch):
        found.update(piece)
    return found.hexdigest()


def content(session: Session, batch: DestructionBatch) -> Iterator[bytes]:
    """JSON, one object a line: first the batch, then each line that was listed when it was frozen, also what left since."""
    assert batch.submitted_at is not None, "what was not submitted has no manifest"
    head = {
        "batch": batch.id,
        "number": batch.number,
        "method": batch.method,
        "paper_method": batch.paper_method,
        "submitted_at": batch.submitted_at.isoformat(timespec="microseconds"),
        "policy": batch.policy,
    }
    yield canonical(head) + b"\n"
    for lines in repository.each_piece(session, batch.id, opinion=Opinion.DESTROY):
        yield b"".join(canonical(_told(line)) + b"\n" for line in lines if line.digest is not None)


def _told(line: DestructionLine) -> dict[str, object]:
    days: dict[str, date | None] = {name: getattr(line, name) for name in DAYS}
    return {
        "position": line.position,
        "item": line.item_id,
        "reference_code": line.reference_code,
        **{name: getattr(line, name) for name in COLUMNS},
        **{name: day.isoformat() if day else None for name, day in days.items()},
    }
