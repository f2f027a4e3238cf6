"""The four checks as jobs: what was filed since, what is due in storage, and what somebody asks for."""

from __future__ import annotations

from sqlalchemy import select

from services.custody.packages import service as packages
from services.custody.properties import service
from services.custody.properties.rules import Occasion
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import Stage
from services.kernel.queue.tables import Job, JobState


def order(database: Database) -> None:
    """Has what is due examined, at most once an hour and never twice at a time."""
    with database.write() as session:
        going = select(Job.id).where(Job.kind == Stage.EXAMINE, Job.state.in_([JobState.QUEUED, JobState.LEASED]))
        if session.scalar(going.limit(1)) is None:
            jobs.enqueue(session, Stage.EXAMINE, f"{now():%Y-%m-%dT%H}", {})


class ExamineHandler:
    """Does ``Stage.EXAMINE``: what is due, or ``{"items": [id, …], "occasion": …}``, for a ``package`` or for none. Each item's
    result is kept at once; a job that is done again examines again those that are named."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        passed = True
        for item_id, occasion in self._chosen(lease):
            lease.go_on()
            seen = service.look(self._kernel, item_id)
            with lease.progress() as session:
                if seen is not None:
                    passed &= service.enter(session, item_id, occasion, seen).passed
        with lease.finish() as session:
            if package_id := lease.payload.get("package"):
                packages.examined(session, package_id, passed=passed)

    def _chosen(self, lease: Lease) -> list[tuple[str, Occasion]]:
        if named := lease.payload.get("items"):
            return [(item_id, Occasion(lease.payload["occasion"])) for item_id in named]
        with self._kernel.database.read() as session:
            chosen = [(item_id, Occasion.FILING) for item_id in service.due(session, Occasion.FILING)]
            room = service.AT_ONCE - len(chosen)
            return chosen + [(item_id, Occasion.STORAGE) for item_id in service.due(session, Occasion.STORAGE, room)]
