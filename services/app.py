"""The composition root: from settings to a running archive, or to as much of it as a process needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from threading import Event

import httpx
from fastapi import APIRouter, FastAPI

from services import parts
from services.access import endpoints as access
from services.access.loans import reminders
from services.access.marking.marker import Marker
from services.access.requests import service as access_requests
from services.audit import endpoints as audit
from services.audit import mentions
from services.console import pages as console
from services.custody import endpoints as custody
from services.custody.backups import ghosts
from services.custody.backups import tables as backups
from services.custody.backups import tasks as back_up
from services.custody.backups.places import Places, opened
from services.custody.backups.tasks import BackUpHandler
from services.custody.fixity import tasks as fixity
from services.custody.fixity.tasks import FixityHandler
from services.custody.inspections import service as inspections
from services.custody.storerooms import service as storerooms
from services.filing import endpoints as filing
from services.filing.reports import service as reports
from services.filing.tasks import CatalogueHandler
from services.ingest import endpoints as ingest
from services.ingest import hotfolder, resumable
from services.ingest.inspector import Inspector
from services.ingest.intake import HotFolderIntake
from services.ingest.limits import IntakeLimits
from services.ingest.tasks import InspectHandler
from services.kernel import copies, holds, incidents, keymarks, migrations, notices, seal, tombstones, tracing
from services.kernel.approvals import tables as approvals
from services.kernel.blobs import upkeep
from services.kernel.blobs.keys import Vault
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.blobs.port import BlobStore, Copy
from services.kernel.blobs.sealed import SealedStore
from services.kernel.config import Settings
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.errors import Conflict, InvalidInput, Unavailable
from services.kernel.figures import CatalogueFigures
from services.kernel.grants import tables as grants
from services.kernel.http import gate, health, middleware, problems, refusals, traces
from services.kernel.http.limiting import Limiter
from services.kernel.http.probing import Probe, Prober
from services.kernel.identity import endpoints as identity
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.write_once import WriteOnce
from services.kernel.metrics import Metrics
from services.kernel.policy import endpoints as policy
from services.kernel.queue import endpoints as queue
from services.kernel.queue.runner import Handler, Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.wakeup import Wakeup, make_celery
from services.kernel.sandbox import Limits, Sandbox
from services.kernel.tombstones import Tombstone
from services.ocr.service import Reader
from services.ocr.tasks import AssembleHandler, ReadHandler
from services.ocr.types import tasks as learning
from services.ocr.types.tasks import LearnHandler
from services.privileges import accounts as privileges
from services.retention import endpoints as retention
from services.retention.batches import reminders as destruction
from services.retention.batches import tables as batches
from services.retention.destruction import issue
from services.retention.destruction.stores import Finding, Stores
from services.retention.destruction.tasks import DestroyHandler
from services.retention.holds import reminders as hold_reminders
from services.retention.runs import service as runs
from services.retention.runs.tasks import AssessHandler
from services.retention.tasks import DiscardHandler, SweepHandler
from services.search import endpoints as search
from services.search.index.port import Index
from services.search.tasks import IndexHandler

TABLES = (approvals, backups, batches, copies, grants, holds, incidents, notices, seal, tombstones)
"""Tables that nothing else here names, so that the catalogue's metadata is whole wherever the archive is built."""

API_SECONDS = 30.0
SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True, slots=True)
class Archive:
    """The kernel and what the rooms are built from; ``checkpoints``: the write-once store of what is signed of the ledger;
    ``backups`` opens the places where backups lie, which need not be at hand for anything else, ``backed_up`` the objects among
    them, for whoever removes some; ``copies``: the stores that objects lie in, for whoever may mend one from the other."""

    kernel: Kernel
    index: Index
    checkpoints: BlobStore
    backups: Callable[[], Places]
    backed_up: Callable[[], BlobStore]
    copies: tuple[Copy, ...] = ()


def build(settings: Settings, accounts: Collection[str] | None = None, *, sealed: bool = False) -> Archive:
    """The archive that the settings tell of: SQLite, local files, key files and the embedded Valkey unless they name servers;
    all of it, or what ``accounts`` may touch. Raises ``Conflict`` where the keys at hand are not those of the catalogue, and
    where it was restored and is sealed; ``sealed`` is for whoever is about to open it."""
    tracing.begin(settings.traces)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.catalogue)
    _migrate(database, settings)
    if not sealed:
        seal.refuse(database)
    wakeup = Wakeup(make_celery(settings))
    database.after_commit.append(wakeup.after_commit)
    held = None if accounts is None else privileges.of(accounts)
    keys = parts.keyring(settings, held)
    keymarks.hold_to(database, keys.marks, begins=keys.begins)
    kernel = Kernel(
        settings=settings,
        database=database,
        vault=Vault(keys.master),
        objects=SealedStore(parts.object_store(settings, held)),
        lookups=keys.lookups,
        signer=keys.signer,
        wakeup=wakeup,
        metrics=Metrics(),
        limiter=Limiter(settings.broker if held is None or held.broker else None),
    )
    checkpoints = parts.checkpoint_store(settings, held)

    def backups() -> Places:
        if keys.backup is None:
            raise Conflict(
                "The key folder has no backup.key, and none can be made there. Let the owner's next command make it."
            )
        return opened(parts.backup_places(settings, held), keys.backup, checkpoints)

    in_each = parts.object_copies(settings, held)
    backed_up = partial(parts.backed_up_objects, settings, held)
    return Archive(kernel, parts.search_index(settings, held), checkpoints, backups, backed_up, in_each)


def _migrate(database: Database, settings: Settings) -> None:
    if migrations.is_current(database):
        return
    if not settings.migrate:
        raise Unavailable("The catalogue is older than this program, which may not change it. Run “muniment migrate” first.")
    migrations.upgrade(database)


@dataclass(frozen=True, slots=True)
class Room:
    """What one service answers, and the parts of the archive that it cannot do without."""

    routers: Callable[[Kernel], tuple[APIRouter, ...]]
    needs: frozenset[str]


ROOMS: Mapping[str, Room] = {
    "ingest": Room(lambda kernel: (ingest.router, ingest.rescanning, resumable.router(kernel)), frozenset({"objects", "keys"})),
    "access": Room(
        lambda _: (identity.router, policy.router, queue.router, ingest.desk, access.router), frozenset({"objects", "keys"})
    ),
    "filing": Room(lambda _: (filing.router,), frozenset({"keys"})),
    "search": Room(lambda _: (search.router,), frozenset({"index"})),
    "custody": Room(lambda _: (custody.router,), frozenset()),
    "audit": Room(lambda _: (audit.router,), frozenset()),
    "retention": Room(lambda _: (retention.router,), frozenset({"keys"})),
}
"""The API's rooms. Sign-in, people, parked jobs and what is seen of batches are with ``access``. A broker is no need of any:
what it is not told, the scheduler repeats."""
STORING = frozenset({"ingest"})
"""Rooms that store objects, for which all stores must answer. The others give objects out, for which one is enough."""
CONSOLE = "console"


def http(archive: Archive, rooms: Collection[str] = (*ROOMS, CONSOLE)) -> FastAPI:
    """The HTTP face of all rooms, or of some. The console speaks HTTP to the API also where both are one process; apart, it
    finds it at ``api_url``."""
    kernel = archive.kernel
    app = _framed(kernel.metrics)
    refusals.install(app, kernel)
    app.state.kernel, app.state.index, app.state.marker = kernel, archive.index, Marker()
    app.include_router(health.router)
    for name in ROOMS:
        if name in rooms:
            for router in ROOMS[name].routers(kernel):
                app.include_router(router)
    if "access" in rooms:  # of the archive as a whole one room tells
        kernel.metrics.tell(CatalogueFigures(kernel.database))
    whole = set(ROOMS) <= set(rooms)
    needs = {"catalogue"}.union(*(ROOMS[name].needs for name in ROOMS if name in rooms), {"broker"} if whole else ())
    probes = _probes(archive, storing=not STORING.isdisjoint(rooms))
    app.state.probes = {name: probe for name, probe in probes.items() if name in needs}
    if CONSOLE in rooms:
        # An error of the API is an answer there, not an exception here.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(gate.INSIDE, 0))
        here = httpx.AsyncClient(transport=transport, base_url="http://archive", event_hooks=traces.HOOKS)
        console.mount(app, here if whole else _api(kernel.settings))
    return app


def console_alone(settings: Settings) -> FastAPI:
    """The console's HTTP face in a process that holds nothing of the archive: no catalogue, no key, no store."""
    tracing.begin(settings.traces)
    app = _framed(Metrics())
    client = _api(settings)
    me = f"{str(client.base_url).rstrip('/')}/api/v1/me"  # which answers anyone, if only that they must sign in first
    app.state.probes = {"api": lambda: httpx.get(me, timeout=API_SECONDS, trust_env=False).status_code < SERVER_ERROR}
    app.include_router(health.bare)
    console.mount(app, client)
    return app


def _framed(metrics: Metrics) -> FastAPI:
    app = FastAPI(title="Muniment", version="1", openapi_url=None, docs_url=None, redoc_url=None, telemetry=traces.SILENT)
    app.state.leaving, app.state.metrics, app.state.prober = Event(), metrics, Prober()
    problems.install(app)
    app.add_middleware(middleware.RequestFrame, metrics=metrics)
    app.add_middleware(traces.Traced)
    return app


def _api(settings: Settings) -> httpx.AsyncClient:
    if settings.api_url is None:
        raise InvalidInput("A console that is served apart must know where the API is. Set MUNIMENT_API_URL.")
    url = settings.api_url.rstrip("/")
    return httpx.AsyncClient(base_url=url, timeout=API_SECONDS, trust_env=False, event_hooks=traces.HOOKS)


def _probes(archive: Archive, *, storing: bool) -> dict[str, Probe]:
    kernel = archive.kernel
    store = kernel.objects.store
    return {
        "catalogue": lambda: migrations.is_current(kernel.database),
        "objects": lambda: store.reachable() if storing else store.readable(),
        "keys": kernel.vault.reachable,
        "index": lambda: archive.index.count() >= 0,
        "broker": kernel.wakeup.reachable,
    }


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
    }


def stores(archive: Archive) -> Stores:
    """Where copies of an item may lie, for whoever destroys them all: objects in the backups too."""
    kernel, settings = archive.kernel, archive.kernel.settings
    everywhere = SealedStore(MirroredBlobStore(kernel.objects.store, parts.later(archive.backed_up)))

    def keys(stones: Sequence[Tombstone]) -> Finding:
        return Finding("key backups", sum(len(stone.keys) for stone in stones), note=ghosts.keys_note(settings))

    def rows(stones: Sequence[Tombstone]) -> Finding:
        return Finding("backups", len(stones), note=ghosts.rows_note(settings))

    return Stores(replace(kernel, objects=everywhere), archive.index, archive.checkpoints, probes=(keys, rows))


def runner(
    settings: Settings, reading: tuple[Inspector, Reader] | None = None, *, queues: Collection[Queue] = tuple(Queue)
) -> Runner:
    """A worker process's own archive; called after the fork, so that no connection is shared. Each queue is an account."""
    archive = build(settings, queues)
    return Runner(
        archive.kernel.database,
        handlers(archive, reading),
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        tell=archive.kernel.metrics.job,
    )


def rounds(archive: Archive) -> tuple[Callable[[], object], ...]:
    """What the scheduler does from time to time; each is harmless when done again."""
    database = archive.kernel.database
    return (
        lambda: reports.remind_of(database),
        lambda: access_requests.escalate(database),
        lambda: reminders.remind(database),
        lambda: upkeep.order(database),
        lambda: learning.order(database),
        lambda: back_up.order(database, archive.kernel.settings),
        lambda: fixity.order(database),
        lambda: storerooms.remind(database),
        lambda: inspections.remind(database),
        lambda: destruction.remind(database),
        lambda: runs.order(database),
        lambda: hold_reminders.remind(database),
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


def watch_hot_folder(archive: Archive, stop: Event) -> None:
    """Takes files from the hot folder until ``stop`` is set."""
    folder = archive.kernel.settings.hot_folder
    assert folder is not None, "only called when one is set"
    folder.mkdir(parents=True, exist_ok=True)
    hotfolder.watch(folder, HotFolderIntake(archive.kernel, folder), stop=stop)
