"""What workers and the scheduler do: which handler does which stage, and what is seen to from time to time."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Mapping

from services.access.loans import reminders
from services.access.requests import service as access_requests
from services.app import Archive, build, stores
from services.audit import mentions
from services.custody.backups import tasks as back_up
from services.custody.backups.tasks import BackUpHandler
from services.custody.fixity import tasks as fixity
from services.custody.fixity.tasks import FixityHandler
from services.custody.inspections import service as inspections
from services.custody.properties import tasks as properties
from services.custody.properties.tasks import ExamineHandler
from services.custody.storerooms import service as storerooms
from services.filing.reports import service as reports
from services.filing.tasks import CatalogueHandler
from services.ingest.inspector import Inspector
from services.ingest.limits import IntakeLimits
from services.ingest.tasks import InspectHandler
from services.kernel.blobs import upkeep
from services.kernel.config import Settings
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.write_once import WriteOnce
from services.kernel.queue.runner import Handler, Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.sandbox import Limits, Sandbox
from services.ocr.service import Reader
from services.ocr.tasks import AssembleHandler, ReadHandler
from services.ocr.types import tasks as learning
from services.ocr.types.tasks import LearnHandler
from services.retention.batches import reminders as destruction
from services.retention.destruction import issue
from services.retention.destruction.tasks import DestroyHandler
from services.retention.holds import reminders as hold_reminders
from services.retention.runs import service as runs
from services.retention.runs.tasks import AssessHandler
from services.retention.tasks import DiscardHandler, SweepHandler
from services.search.tasks import IndexHandler


def readers(settings: Settings, engine: str | None = None) -> tuple[Inspector, Reader]:
    """What looks at files and reads pages, in one sandbox; needs no archive."""
    sandbox = Sandbox(Limits(wall_seconds=settings.parser_seconds))
    limits = IntakeLimits(size=settings.max_file_bytes, pages=settings.max_pages, page_pixels=settings.max_page_pixels)
    return Inspector(sandbox, limits), Reader(sandbox, engine or settings.engine, max_pixels=settings.max_page_pixels)


def handlers(archive: Archive, reading: tuple[Inspector, Reader] | None = None) -> Mapping[Stage, Handler]:
    """Who does which stage; ``reading`` is what :func:`readers` gave, where it was asked before."""
    kernel = archive.kernel
    inspector, reader = reading or readers(kernel.settings)
    return {
        Stage.INSPECT: InspectHandler(kernel, inspector),
        Stage.READ: ReadHandler(kernel, reader),
        Stage.ASSEMBLE: AssembleHandler(kernel),
        Stage.CATALOGUE: CatalogueHandler(kernel),
        Stage.INDEX: IndexHandler(kernel, archive.index),
        Stage.DISCARD: DiscardHandler(kernel),
        Stage.SWEEP: SweepHandler(kernel),
        Stage.DESTROY: DestroyHandler(stores(archive)),
        Stage.ASSESS: AssessHandler(kernel),
        Stage.LEARN: LearnHandler(kernel),
        Stage.BACK_UP: BackUpHandler(kernel, archive.backups),
        Stage.FIXITY: FixityHandler(kernel, archive.copies),
        Stage.EXAMINE: ExamineHandler(kernel),
    }


def runner(
    settings: Settings, reading: tuple[Inspector, Reader] | None = None, *, queues: Collection[Queue] = tuple(Queue)
) -> Runner:
    """A worker process's own archive; called after the fork, so that no connection is shared. Each queue is an account."""
    archive = build(settings, queues)
    made = Runner(
        archive.kernel.database,
        handlers(archive, reading),
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        tell=archive.kernel.metrics.job,
    )
    gc.freeze()  # what is loaded stays: to look through it again and again takes a hundredth of a worker's time
    return made


def rounds(archive: Archive) -> tuple[Callable[[], object], ...]:
    """What the scheduler does from time to time; each is harmless when done again."""
    database = archive.kernel.database
    return (
        lambda: reports.remind_of(database),
        lambda: access_requests.escalate(database),
        lambda: reminders.remind(database),
        lambda: upkeep.order(database),
        lambda: learning.order(database),
        lambda: destruction.remind(database),
        lambda: runs.order(database),
        lambda: hold_reminders.remind(database),
        lambda: back_up.order(database, archive.kernel.settings),
        lambda: fixity.order(database),
        lambda: properties.order(database),
        lambda: storerooms.remind(database),
        lambda: inspections.remind(database),
    )


def seconds(archive: Archive) -> tuple[Callable[[], object], ...]:
    """What the scheduler does each second, which is hardly ever more than to see that nothing is to be done."""
    kernel = archive.kernel
    store = WriteOnce(archive.checkpoints, lock_days=kernel.settings.checkpoints_lock_days)
    return (
        Checkpointer(kernel.database, kernel.signer, store).tick,
        lambda: mentions.catch_up(kernel.database),
        lambda: issue.due(kernel.database, kernel.signer),
    )
