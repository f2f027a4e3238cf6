"""A batch takes its steps here, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from services.kernel.errors import Conflict, NotFound
from services.retention.batches import repository
from services.retention.batches.model import TRANSITIONS, BatchState, advance
from services.retention.batches.tables import DestructionBatch

OPEN = frozenset({BatchState.DRAFT, BatchState.APPRAISED})
"""Lines may come and go."""
CANCELLABLE = frozenset(state for state, following in TRANSITIONS.items() if BatchState.CANCELLED in following)


def batch_to_change(session: Session, batch_id: str) -> DestructionBatch:
    """The batch, locked until this transaction ends. Raises ``NotFound``."""
    found = repository.batch(session, batch_id, to_change=True)
    if found is None:
        raise NotFound("There is no such destruction batch. List the batches to find it.")
    return found


def require(batch: DestructionBatch, states: Collection[BatchState]) -> None:
    if batch.state not in states:
        wanted = " or ".join(sorted(states))
        raise Conflict(f"This needs a batch in state {wanted}; {batch.number} is {batch.state}.")


def step(batch: DestructionBatch, target: BatchState) -> None:
    """Raises ``Conflict`` where the rules know no such step."""
    batch.state = advance(BatchState(batch.state), target)
