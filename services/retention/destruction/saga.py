"""A batch's execution: lines, a few at a time; then what deletions left in files; then the look by another way.

It goes on wherever it was broken off. EXECUTING → VERIFYING once no line is left; → PARTIAL_FAILED where any copy cannot go,
with the reason, to be sent off again. Closing is another process's, which holds the key that signs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Unavailable, Withheld
from services.kernel.ledger import journal
from services.kernel.queue.jobs import Lease, LeaseLost
from services.kernel.removal import jobs, sediment
from services.retention.batches import witnessing
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.steps import batch_to_change, step
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import lines, repository, verification
from services.retention.destruction.lines import At, Which
from services.retention.destruction.repository import UNFINISHED
from services.retention.destruction.stores import Finding, Stores
from services.retention.destruction.tables import DestructionRun

CHUNK = 2
"""Lines between two looks at whether to pause. A hold that is placed meanwhile keeps what no chunk has reached."""
BREATH_SECONDS = 0.03
"""Between two chunks where the catalogue has one writer at a time: who reads an item must write that into the ledger first."""
WAIT_SECONDS = 0.2

log = structlog.get_logger("destruction")


class Saga:
    """Carries out batches; ``at`` is told each place that it comes by (see ``lines``)."""

    def __init__(self, stores: Stores, *, chunk: int = CHUNK, at: At = lambda place: None) -> None:
        self._stores, self._chunk, self._at = stores, chunk, at

    def carry_on(self, lease: Lease, batch_id: str) -> None:
        """Goes as far as it can be gone now; the lease is finished when it returns."""
        while True:
            with lease.progress() as session:
                state = BatchState(session.get_one(DestructionBatch, batch_id, populate_existing=True).state)
            if state is BatchState.EXECUTING:
                state = self._execute(lease, batch_id)
            if state is BatchState.VERIFYING:
                self._verify(lease, batch_id)
            with suppress(_Resumed), lease.finish() as session:
                if _goes_on(session, batch_id):
                    raise _Resumed
                return

    def _execute(self, lease: Lease, batch_id: str) -> BatchState:
        for state in UNFINISHED:
            position, count = -1, 1
            while count:
                lease.go_on()
                pace = self._pace(lease, batch_id)
                if pace is None:
                    return BatchState.EXECUTING
                began = time.monotonic()
                these = Which(state, position, min(self._chunk, pace or self._chunk))
                count, position = lines.destroy(lease, self._stores, batch_id, these, self._at)
                if pace:
                    self._wait(lease, began + 60.0 * count / pace)
                if lease.database.one_writer:
                    time.sleep(BREATH_SECONDS)
        return self._settle(lease, batch_id)

    def _pace(self, lease: Lease, batch_id: str) -> int | None:
        """Lines a minute, 0 without a limit; None where it is to stop. A witness who is no longer let in stops it."""
        with lease.progress() as session:
            run = session.get_one(DestructionRun, batch_id, populate_existing=True)
            if run.paused_at is None and witnessing.lacking(session, session.get_one(DestructionBatch, batch_id)):
                run.paused_at, run.paused_by, run.pause_reason = now(), None, "witness"
                journal.append(session, "destruction.pause", actor=None, batch=batch_id, reason="witness")
            return None if run.paused_at is not None else run.lines_per_minute or 0

    @staticmethod
    def _wait(lease: Lease, until: float) -> None:
        while time.monotonic() < until:
            lease.go_on()
            time.sleep(WAIT_SECONDS)

    def _settle(self, lease: Lease, batch_id: str) -> BatchState:
        """No line is left to be taken: the files of index and catalogue are written anew."""
        self._at("settle")
        failures: list[dict[str, Any]] = []
        with lease.progress() as session:
            count = repository.counts(session, batch_id)
            if failed := count.get(LineState.FAILED, 0):
                failures.append({"store": "objects", "left": failed, "detail": "Objects are locked in their store."})
            if copies := sum(not copy.gone for copy in repository.copies(session, batch_id)):
                detail = "A named witness confirms that each copy was destroyed."
                failures.append({"store": "copies", "left": copies, "detail": detail})
        if count.get(LineState.DESTROYED, 0):
            with lease.progress() as session:
                jobs.forget(session, repository.item_ids(session, batch_id))
            self._at("settle: jobs")
            with _kept(lease):
                self._stores.index.expunge()
                self._at("settle: index")
                try:
                    sediment.purge(self._stores.kernel.database, actor=None)
                except Withheld as refusal:
                    with self._stores.kernel.database.read() as session:
                        if not verification.is_purged(session, batch_id):
                            failures.append({"store": "catalogue", "left": 1, "detail": refusal.detail})
                self._at("settle: catalogue")
        with lease.progress() as session:
            state = self._end(session, batch_id, failures)
            self._at("settle: inside")
        self._at("settle: done")
        return state

    def _verify(self, lease: Lease, batch_id: str) -> None:
        self._at("verify")
        with _kept(lease):
            found = verification.look(self._stores, batch_id, self._at)
        failures = [
            {"store": each.store, "left": len(each.left), "detail": "; ".join(each.left[:5])} for each in found if each.left
        ]
        with lease.progress() as session:
            run = session.get_one(DestructionRun, batch_id)
            run.report = [_told(each) for each in found]
            run.failures = failures
            if failures:
                step(batch_to_change(session, batch_id), BatchState.PARTIAL_FAILED)
            run.verified_at = now()
            run.verified_position = journal.append(
                session,
                "destruction.verify",
                actor=None,
                result="failed" if failures else "ok",
                batch=batch_id,
                stores={each.store: len(each.left) for each in found},
            )
            self._at("verify: inside")
        self._at("verify: done")
        log.info("destruction-verified", batch=batch_id, failures=len(failures))

    def _end(self, session: Session, batch_id: str, failures: list[dict[str, Any]]) -> BatchState:
        target = BatchState.PARTIAL_FAILED if failures else BatchState.VERIFYING
        step(batch_to_change(session, batch_id), target)
        session.get_one(DestructionRun, batch_id).failures = failures
        act = "destruction.partial" if failures else "destruction.executed"
        told: dict[str, Any] = {"counts": repository.counts(session, batch_id), "stores": [each["store"] for each in failures]}
        journal.append(session, act, actor=None, batch=batch_id, **told)
        return target


class _Resumed(Exception):
    """It was paused, and is not any more, since this job last looked."""


def _goes_on(session: Session, batch_id: str) -> bool:
    """Whether there is more to do, with the row locked by which somebody may say so."""
    run = session.get_one(DestructionRun, batch_id, with_for_update=TO_CHANGE, populate_existing=True)
    state = session.get_one(DestructionBatch, batch_id, populate_existing=True).state
    return state == BatchState.EXECUTING and run.paused_at is None


def _told(found: Finding) -> dict[str, Any]:
    return {
        "store": found.store,
        "checked": found.checked,
        "left": found.left[:20],
        "count": len(found.left),
        "note": found.note,
    }


@contextmanager
def _kept(lease: Lease) -> Iterator[None]:
    """Renews the lease from time to time while a step lasts that cannot be cut into smaller ones."""
    over = Event()

    def renew() -> None:
        while not over.wait(lease.seconds / 4):
            with suppress(Unavailable, LeaseLost), lease.progress():
                pass

    thread = Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
