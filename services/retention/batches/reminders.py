"""The time to object is over: whoever goes on with the batch is told."""

from __future__ import annotations

from sqlalchemy import exists, select

from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import take_turn
from services.kernel.notices import Notice
from services.retention.batches import repository, telling
from services.retention.batches.duty import KIND
from services.retention.batches.model import BatchState
from services.retention.batches.tables import DestructionBatch

KEY = "destruction.ready"


def remind(database: Database) -> int:
    """Tells the proposer and the witnesses, once for each time a batch was announced. Returns of how many batches."""
    told = exists().where(
        Notice.key == KEY,
        Notice.kind == KIND,
        Notice.subject_id == DestructionBatch.id,
        Notice.created_at >= DestructionBatch.waiting_until,
    )
    over = select(DestructionBatch).where(
        DestructionBatch.state == BatchState.NOTIFIED, DestructionBatch.waiting_until <= now(), ~told
    )
    with database.read() as session:
        if session.scalar(over.limit(1)) is None:
            return 0
    with database.write() as session:
        take_turn(session, KEY)
        batches = list(session.scalars(over.order_by(DestructionBatch.id)))
        for batch in batches:
            witnesses = [each.person_id for each in repository.witnesses(session, batch.id)]
            telling.tell(session, [batch.created_by, *witnesses], KEY, batch)
        return len(batches)
