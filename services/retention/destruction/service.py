"""What people do about an execution: begin it, limit its speed, pause and resume it, and witness that copies are gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.copies import CopyState, TrackedCopy
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.retention.batches import witnessing
from services.retention.batches.duty import subject_of
from services.retention.batches.model import BatchState
from services.retention.batches.steps import require, step
from services.retention.batches.submission import require_approved
from services.retention.batches.tables import DestructionBatch, DestructionWitness
from services.retention.destruction import repository
from services.retention.destruction.tables import DestructionRun

WITNESSED = "A witness who counted is no longer let in, or is missing. Have another named, who counts; then go on."


def begin(
    session: Session, actor: Principal, batch: DestructionBatch, *, pace: int | None, request: str | None
) -> DestructionRun:
    """WITNESS_PRECHECKED → EXECUTING. Raises ``Conflict`` in any other state, ``Forbidden`` for whoever played another part."""
    require(batch, {BatchState.WITNESS_PRECHECKED})
    require_approved(session, batch)
    _require_witnesses(session, batch)
    duties.assume(session, actor, Duty.EXECUTE, subject_of(batch))
    step(batch, BatchState.EXECUTING)
    batch.executing_at, batch.executed_by = now(), actor.person_id
    run = DestructionRun(batch_id=batch.id, position=0, lines_per_minute=pace)
    session.add(run)
    _send(session, run)
    told: dict[str, Any] = {"batch": batch.id, "manifest": batch.manifest_sha256, "policy": batch.policy, "pace": pace}
    run.position = journal.append(session, "destruction.execute", actor=actor.person_id, request=request, **told)
    return run


def pause(session: Session, actor: Principal, batch: DestructionBatch, *, request: str | None) -> DestructionRun:
    """The lines in hand are finished, no further one is begun. Pausing twice changes nothing."""
    run = _run(session, batch, BatchState.EXECUTING)
    if run.paused_at is None:
        run.paused_at, run.paused_by, run.pause_reason = now(), actor.person_id, "person"
        journal.append(session, "destruction.pause", actor=actor.person_id, request=request, batch=batch.id, reason="person")
    return run


def resume(session: Session, actor: Principal, batch: DestructionBatch, *, request: str | None) -> DestructionRun:
    """Goes on after a pause, or tries again what could not go. Raises ``Forbidden`` for whoever played another part: who sends
    it off again executes it."""
    run = _run(session, batch, BatchState.EXECUTING, BatchState.PARTIAL_FAILED)
    if run.paused_at is None and batch.state == BatchState.EXECUTING:
        raise Conflict("It is not paused. See its execution for how far it is.")
    _require_witnesses(session, batch)
    duties.assume(session, actor, Duty.EXECUTE, subject_of(batch))
    run.paused_at = run.paused_by = run.pause_reason = None
    if batch.state == BatchState.PARTIAL_FAILED:
        step(batch, BatchState.EXECUTING)
    run.attempt += 1
    _send(session, run)
    journal.append(session, "destruction.resume", actor=actor.person_id, request=request, batch=batch.id, attempt=run.attempt)
    return run


def purged(database: Database) -> int:
    """After the catalogue's files were written anew by their owner: sends off again what waited for that alone. Returns how
    many batches those were."""
    sent = 0
    with database.write() as session:
        waiting = select(DestructionBatch).where(DestructionBatch.state == BatchState.PARTIAL_FAILED)
        for batch in session.scalars(waiting.order_by(DestructionBatch.id)).all():
            run = _run(session, batch, BatchState.PARTIAL_FAILED)
            if {each["store"] for each in run.failures} <= {"catalogue", "catalogue files"}:
                step(batch, BatchState.EXECUTING)
                run.attempt += 1
                _send(session, run)
                journal.append(session, "destruction.resume", actor=None, batch=batch.id, attempt=run.attempt)
                sent += 1
    return sent


def limit(
    session: Session, actor: Principal, batch: DestructionBatch, pace: int | None, *, request: str | None
) -> DestructionRun:
    """Lines a minute, from the next few on; None is without a limit."""
    run = _run(session, batch, BatchState.EXECUTING, BatchState.PARTIAL_FAILED)
    run.lines_per_minute = pace
    journal.append(session, "destruction.pace", actor=actor.person_id, request=request, batch=batch.id, pace=pace)
    return run


def confirm_copy(
    session: Session, actor: Principal, batch: DestructionBatch, copy_id: str, *, request: str | None
) -> TrackedCopy:
    """A named witness has seen a tracked copy destroyed, or that it cannot be any more."""
    if session.get(DestructionWitness, (batch.id, actor.person_id)) is None:
        raise Forbidden("Only a witness who was named for this batch confirms that its copies are gone.")
    _run(session, batch, BatchState.EXECUTING, BatchState.PARTIAL_FAILED)
    if copy_id not in {copy.id for copy in repository.copies(session, batch.id)}:
        raise NotFound("There is no such copy of what this batch destroys. See its execution for those that are out.")
    copy = session.get_one(TrackedCopy, copy_id, with_for_update=TO_CHANGE, populate_existing=True)
    if not copy.gone:
        before = copy.state
        copy.state, copy.ended_at, copy.ended_by = CopyState.DESTROYED, now(), actor.person_id
        told = {"batch": batch.id, "copy": copy.id, "before": before}
        journal.append(session, "copy.destroy", actor=actor.person_id, item=copy.item_id, request=request, **told)
    return copy


def _run(session: Session, batch: DestructionBatch, *states: BatchState) -> DestructionRun:
    require(batch, states)
    return session.get_one(DestructionRun, batch.id, with_for_update=TO_CHANGE, populate_existing=True)


def _require_witnesses(session: Session, batch: DestructionBatch) -> None:
    if witnessing.lacking(session, batch):
        raise Conflict(WITNESSED)


def _send(session: Session, run: DestructionRun) -> None:
    jobs.enqueue(session, Stage.DESTROY, f"{run.batch_id}:{run.attempt}", {"destruction": run.batch_id})
