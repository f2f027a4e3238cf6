"""The composition root: from settings to a running archive. Only this module knows which adapters stand behind the ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import unquote, urlsplit

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.access import endpoints as access
from services.audit import endpoints as audit
from services.console import pages as console
from services.filing import tables as filing_tables
from services.filing.tasks import CatalogueHandler
from services.ingest import endpoints as ingest
from services.ingest import hotfolder, resumable
from services.ingest.inspector import Inspector
from services.ingest.intake import HotFolderIntake
from services.ingest.limits import IntakeLimits
from services.ingest.tasks import InspectHandler
from services.kernel import migrations
from services.kernel.blobs import s3, vault_transit
from services.kernel.blobs.keys import FileMasterKey, MasterKey, Vault, secret_file
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.blobs.port import BlobStore
from services.kernel.blobs.sealed import SealedStore
from services.kernel.config import Place, Settings
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.http import health, middleware, problems
from services.kernel.identity import endpoints as identity
from services.kernel.ledger.note import Signer
from services.kernel.policy.lookup import LookupKeys
from services.kernel.queue import endpoints as queue
from services.kernel.queue.runner import Handler, Runner
from services.kernel.queue.stages import Stage
from services.kernel.queue.wakeup import Wakeup, make_celery
from services.kernel.sandbox import Limits, Sandbox
from services.ocr.service import Reader
from services.ocr.tasks import AssembleHandler, ReadHandler
from services.search import endpoints as search
from services.search.index.fts5 import Fts5Index
from services.search.index.port import Index
from services.search.tasks import IndexHandler

ROOM_TABLES = (filing_tables,)
"""Rooms with tables of their own; named so that the catalogue's metadata is whole wherever the archive is built."""

ORIGIN = "muniment/ledger"


@dataclass(frozen=True, slots=True)
class Archive:
    """The kernel and what the rooms are built from."""

    kernel: Kernel
    index: Index


def build(settings: Settings) -> Archive:
    """The embedded profile: SQLite, local files, a key file, FTS5, Celery on the embedded Valkey."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.catalogue)
    if not migrations.is_current(database):
        migrations.upgrade(database)
    wakeup = Wakeup(make_celery(settings))
    database.after_commit.append(wakeup.after_commit)
    keys = settings.keys_folder
    lookups = LookupKeys(secret_file(keys / "lookup.key"))
    kernel = Kernel(
        settings=settings,
        database=database,
        vault=Vault(master_key(settings)),
        objects=SealedStore(object_store(settings)),
        lookups=lookups,
        signer=Signer(ORIGIN, secret_file(keys / "ledger.key")),
        wakeup=wakeup,
        registry=CollectorRegistry(),
    )
    return Archive(kernel, Fts5Index(settings.index_folder))


def object_store(settings: Settings) -> BlobStore:
    """A folder or S3, by the settings; both of two where a backup store is set."""
    first, second = _store(settings.objects_place, settings), settings.backup_objects_place
    return MirroredBlobStore(first, _store(second, settings)) if second else first


def _store(place: Place, settings: Settings) -> BlobStore:
    if place.url.startswith("file:"):
        return LocalBlobStore(Path(unquote(urlsplit(place.url).path)))
    client = s3.connect(place.endpoint, place.access_key, place.secret_key)
    return s3.S3BlobStore(client, *s3.bucket_and_prefix(place.url), lock=settings.objects_lock)


def master_key(settings: Settings) -> MasterKey:
    """A file, or a key service where one is set."""
    if settings.vault_url is None:
        return FileMasterKey(settings.keys_folder)
    fixed, file = settings.vault_token, settings.vault_token_file
    token = vault_transit.token_in(file) if file else lambda: fixed.get_secret_value() if fixed else ""
    client = vault_transit.connect(settings.vault_url)
    return vault_transit.VaultTransitKey(client, token, key=settings.vault_key, mount=settings.vault_mount)


def http(archive: Archive) -> FastAPI:
    """The HTTP face of every room."""
    kernel = archive.kernel
    app = FastAPI(title="Muniment", version="1", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.kernel, app.state.index = kernel, archive.index
    app.state.probes = {
        "catalogue": lambda: migrations.is_current(kernel.database),
        "objects": kernel.objects.store.reachable,
        "keys": kernel.vault.reachable,
        "index": lambda: archive.index.count() >= 0,
        "broker": kernel.wakeup.reachable,
    }
    problems.install(app)
    app.add_middleware(middleware.RequestFrame, registry=kernel.registry)
    for room in (health, identity, queue, ingest, access, search, audit):
        app.include_router(room.router)
    app.include_router(resumable.router(kernel))
    # The console speaks HTTP to the API also where both are one process; an error there is an answer, not an exception here.
    here = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    console.mount(app, httpx.AsyncClient(transport=here, base_url="http://archive"))
    return app


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
    }


def runner(settings: Settings, reading: tuple[Inspector, Reader] | None = None) -> Runner:
    """A worker process's own archive; called after the fork, so that no connection is shared."""
    archive = build(settings)
    return Runner(
        archive.kernel.database,
        handlers(archive, reading),
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
    )


def watch_hot_folder(archive: Archive, stop: Event) -> None:
    """Takes files from the hot folder until ``stop`` is set."""
    folder = archive.kernel.settings.hot_folder
    assert folder is not None, "only called when one is set"
    folder.mkdir(parents=True, exist_ok=True)
    hotfolder.watch(folder, HotFolderIntake(archive.kernel, folder), stop=stop)
