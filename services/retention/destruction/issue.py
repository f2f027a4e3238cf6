"""Closing: the scheduler, which holds the key that signs, issues the certificate of a batch that is proven and signed by its
witnesses. Exactly one: certificate, closing and entry are one transaction."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import series
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.ledger import journal
from services.kernel.ledger.note import Signer
from services.retention.batches import repository as batches
from services.retention.batches import witnessing
from services.retention.batches.announcing import policy_of
from services.retention.batches.model import BatchState
from services.retention.batches.steps import batch_to_change, step
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import certificate
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
    return sum(_close(database, signer, each, at) for each in ids)


def _close(database: Database, signer: Signer, batch_id: str, at: At) -> bool:
    at("close")
    from services.retention.destruction import paper  # a printing press is no part of a scheduler's every start

    with database.write() as session:
        batch = batch_to_change(session, batch_id)
        if batch.state != BatchState.VERIFYING or not _signed(session, batch):  # or another scheduler was quicker
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
        step(batch, BatchState.CLOSED)
        batch.ended_at = moment
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


def _signed(session: Session, batch: DestructionBatch) -> bool:
    """Whether all who counted before have signed after, as many as policy wants."""
    signed = [each for each in batches.witnesses(session, batch.id) if each.signed_at is not None]
    return len(signed) >= policy_of(session, batch).witnesses and not witnessing.unsigned(session, batch)
