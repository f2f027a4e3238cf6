"""The composition root: from settings to an archive, or to as much of it as a process may touch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from services import parts, tables
from services.custody.backups import ghosts
from services.custody.backups.places import Places, opened
from services.kernel import keymarks, migrations, seal, tracing
from services.kernel.blobs.keys import Vault
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.blobs.port import BlobStore, Copy
from services.kernel.blobs.sealed import SealedStore
from services.kernel.config import Settings
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.errors import Conflict, Unavailable
from services.kernel.http.limiting import Limiter
from services.kernel.metrics import Metrics
from services.kernel.queue.wakeup import Wakeup, make_celery
from services.kernel.tombstones import Tombstone
from services.privileges import accounts as privileges
from services.retention.destruction.stores import Finding, Stores
from services.search.index.port import Index

TABLES = tables.ALL
"""So that the catalogue's metadata is whole wherever the archive is built."""


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


def stores(archive: Archive) -> Stores:
    """Where copies of an item may lie, for whoever destroys them all: objects in the backups too."""
    kernel, settings = archive.kernel, archive.kernel.settings
    everywhere = SealedStore(MirroredBlobStore(kernel.objects.store, parts.later(archive.backed_up)))

    def keys(stones: Sequence[Tombstone]) -> Finding:
        return Finding("key backups", sum(len(stone.keys) for stone in stones), note=ghosts.keys_note(settings))

    def rows(stones: Sequence[Tombstone]) -> Finding:
        return Finding("backups", len(stones), note=ghosts.rows_note(settings))

    return Stores(replace(kernel, objects=everywhere), archive.index, archive.checkpoints, probes=(keys, rows))
