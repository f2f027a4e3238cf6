"""Closing: the scheduler, which holds the key that signs, issues the certificate of a batch that is proven and signed by its
witnesses. Exactly one: certificate, closing and entry are one transaction."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from services.kernel import series
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.ledger import journal
from services.kernel.ledger.note import Signer
from services.retention.batches.model import BatchState, advance
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import certificate, paper, repository
from services.retention.destruction.lines import At
from services.retention.destruction.tables import DestructionCertificate, DestructionRun

LETTERS = "XZ"
"""销毁证明: what the numbers of certificates begin with."""


def due(database: Database, signer: Signer, at: At = lambda place: None) -> int:
    """Closes what can be closed; returns how many batches that were."""
    ready = select(DestructionBatch.id).join(DestructionRun, DestructionRun.batch_id == DestructionBatch.id)
    with database.read() as session:
        ids = session.scalars(
            ready.where(DestructionBatch.state == BatchState.VERIFYING, DestructionRun.report.is_not(None))
        ).all()
        ids = [each for each in ids if _signed(repository.witnesses(session, each))]
    return sum(_close(database, signer, each, at) for each in ids)


def _close(database: Database, signer: Signer, batch_id: str, at: At) -> bool:
    at("close")
    with database.write() as session:
        batch = repository.batch(session, batch_id, to_change=True)
        if batch is None or batch.state != BatchState.VERIFYING:  # another scheduler was quicker
            return False
        run = session.get_one(DestructionRun, batch_id)
        if run.failures or not run.report:
            return False
        moment, number = now(), series.of_this_year(session, LETTERS)
        told = certificate.content(session, batch, run, number=number, at=moment)
        note = signer.vouch(certificate.text(told))
        digest = hashlib.sha256(certificate.text(told).encode()).hexdigest()
        sheet = paper.pdf(told, digest, note.rstrip("\n").rpartition("\n")[2])
        at("close: rendered")
        batch.state, batch.ended_at = advance(BatchState(batch.state), BatchState.CLOSED), moment
        row = DestructionCertificate(
            batch_id=batch.id, number=number, issued_at=moment, position=0, sha256=digest, note=note, pdf=sheet
        )
        row.position = journal.append(
            session, "destruction.close", actor=None, batch=batch.id, certificate=number, sha256=digest
        )
        session.add(row)
        at("close: inside")
    at("close: done")
    return True


def _signed(witnesses: list[repository.DestructionWitness]) -> bool:
    return bool(witnesses) and all(each.signed_at is not None for each in witnesses)
