"""The run as a job. It goes on where it was interrupted, and what a person must confirm first waits."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.kernel import holds, notices
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import versions
from services.kernel.policy.model import Policy
from services.kernel.queue.jobs import Lease
from services.retention.events.deriving import Deriving
from services.retention.runs import service
from services.retention.runs.sweep import Sweep
from services.retention.tables import RunState


class AssessHandler:
    """Does ``Stage.ASSESS``; the payload is ``{"run": id}``."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        begun = self._begin(lease)
        if begun is None:
            with lease.finish():
                return
        policy, day = begun
        deriving, sweep, more = Deriving(self._kernel.vault, policy), Sweep(policy, day), True
        while more:
            with lease.progress() as session:
                more = sweep.step(session, service.run_of(session, lease.payload["run"], to_change=True), deriving)
            lease.go_on()
        self._end(lease)

    def _begin(self, lease: Lease) -> tuple[Policy, date] | None:
        """The policy and the day of the run; None where it is not to be done, or not yet."""
        with lease.progress() as session:
            run = service.run_of(session, lease.payload["run"], to_change=True)
            held = versions.current(session)
            if run.state != RunState.ORDERED:
                return None
            if run.confirmed_at is not None and run.policy != held.number:
                run.confirmed_at = run.confirmed_by = None  # what was confirmed is no longer what would be done
            run.policy = held.number
            if run.confirmed_at is None and run.reached is None and (why := service.doubts(session, run, held)):
                service.wait(session, run, why)
                return None
            holds.catch_up(session)
            return held.policy, run.day

    def _end(self, lease: Lease) -> None:
        with lease.finish() as session:
            run = service.run_of(session, lease.payload["run"], to_change=True)
            run.state, run.done_at = RunState.DONE, now()
            counts = {name: count for name, count in run.counts.items() if count}
            if counts.get("due"):
                people = notices.holders(session, [Role.ARCHIVIST])
                notices.notify(session, people, "retention.due", "run", run.id, items=counts["due"])
            told: dict[str, Any] = {"run": run.id, "day": run.day.isoformat(), "policy": run.policy, "counts": counts}
            journal.append(session, "retention.run", actor=run.ordered_by, **told)
