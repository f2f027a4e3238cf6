"""The doors of the archive: which room answers what over HTTP, all in one process or each in its own; and the hot folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Event

import httpx
from fastapi import APIRouter, FastAPI

from services.access import endpoints as access
from services.access.marking.marker import Marker
from services.app import Archive
from services.audit import endpoints as audit
from services.console import pages as console
from services.custody import endpoints as custody
from services.filing import endpoints as filing
from services.ingest import endpoints as ingest
from services.ingest import hotfolder, resumable
from services.ingest.intake import HotFolderIntake
from services.kernel import migrations, tracing
from services.kernel.config import Settings
from services.kernel.core import Kernel
from services.kernel.errors import InvalidInput
from services.kernel.figures import CatalogueFigures
from services.kernel.http import gate, health, middleware, problems, refusals, traces
from services.kernel.http.probing import Probe, Prober
from services.kernel.identity import endpoints as identity
from services.kernel.metrics import Metrics
from services.kernel.policy import endpoints as policy
from services.kernel.queue import endpoints as queue
from services.retention import endpoints as retention
from services.search import endpoints as search

API_SECONDS = 30.0
SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR


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
    "custody": Room(lambda _: (custody.router,), frozenset({"objects", "keys"})),
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
    app.routes.extend(health.router.routes)
    for name in ROOMS:
        if name in rooms:
            for router in ROOMS[name].routers(kernel):
                app.routes.extend(router.routes)  # as they are: to include them would build each once more
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
    app.routes.extend(health.bare.routes)
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


def watch_hot_folder(archive: Archive, stop: Event) -> None:
    """Takes files from the hot folder until ``stop`` is set."""
    folder = archive.kernel.settings.hot_folder
    assert folder is not None, "only called when one is set"
    folder.mkdir(parents=True, exist_ok=True)
    hotfolder.watch(folder, HotFolderIntake(archive.kernel, folder), stop=stop)
