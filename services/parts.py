"""The parts of an archive, from its settings: only this module knows which adapters stand behind the ports. A process that has
privileges gets each part narrowed to them; one without (None) gets the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from services.kernel.blobs import s3, vault_transit
from services.kernel.blobs.depots import BackupPlaces, Depot
from services.kernel.blobs.halves import PUBLIC_FILE, PublicHalf
from services.kernel.blobs.keys import MASTER_FILE, FileMasterKey, MasterKey, secret_file
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.blobs.port import BlobStore, Copy, Mendable
from services.kernel.config import Place, Settings
from services.kernel.ledger.note import Signer
from services.kernel.narrow import Narrowed
from services.kernel.policy.lookup import LookupKeys
from services.kernel.policy.lookup_ring import LookupRing
from services.privileges.accounts import SECRETS
from services.privileges.model import Privileges
from services.search.index.elastic.opening import open_index
from services.search.index.fts5 import Fts5Index
from services.search.index.port import Index

ORIGIN = "muniment/ledger"
PROBE_SECONDS = 1.5
BACKUP = "backup"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keyring:
    """``marks`` are the keys at hand by name, which must be those of the catalogue. ``begins`` says whether they may begin a
    new archive: a public half alone may not, for nobody might have the other."""

    master: MasterKey
    lookups: LookupRing
    signer: Signer
    marks: Mapping[str, bytes]
    begins: bool
    backup: bytes | None = field(repr=False, default=None)


def keyring(settings: Settings, held: Privileges | None = None) -> Keyring:
    """Key files are made where there are none yet."""
    names = SECRETS if held is None else held.secrets
    secrets = {name: secret_file(settings.keys_folder / f"{name}.key") for name in sorted(names - {BACKUP})}
    if BACKUP in names:
        with suppress(OSError):  # a folder of an earlier release, mounted read-only, has none: whoever needs it says so
            secrets[BACKUP] = secret_file(settings.keys_folder / f"{BACKUP}.key")
    master = master_key(settings, held) if held is None or held.keys else _nothing("master key")
    kept = _narrowed("master key", None if held is None else held.keys, {"name", "reachable"}, lambda: master)
    return Keyring(
        master=kept,
        lookups=LookupRing(LookupKeys(secrets["lookup"]), kept) if "lookup" in secrets else _nothing("look-up keys"),
        signer=Signer(ORIGIN, secrets["ledger"]) if "ledger" in secrets else _nothing("ledger's key"),
        marks=secrets | (master.marks if isinstance(master, FileMasterKey | PublicHalf) else {}),
        begins=not isinstance(master, PublicHalf),
        backup=secrets.get(BACKUP),
    )


def master_key(settings: Settings, held: Privileges | None = None) -> MasterKey:
    """A key service where one is set, else a file; or its public half, where that is all there is and all that is needed."""
    if settings.vault_url is not None:
        return _transit(settings, settings.vault_url)
    folder = settings.keys_folder
    public = folder / PUBLIC_FILE
    if held is not None and "unwrap" not in held.keys and public.exists() and not (folder / MASTER_FILE).exists():
        return PublicHalf(public.read_bytes())
    return FileMasterKey(folder)


def object_store(settings: Settings, held: Privileges | None = None) -> BlobStore:
    """A folder or S3, by the settings; both of two where a backup store is set."""

    def whole() -> BlobStore:
        first, second = _store(settings.objects_place, settings), settings.backup_objects_place
        return MirroredBlobStore(first, _store(second, settings)) if second else first

    return _narrowed("object store", None if held is None else held.objects, {"reachable", "readable"}, whole)


def object_copies(settings: Settings, held: Privileges | None = None) -> tuple[Copy, ...]:
    """The stores that objects lie in, each by itself, for whoever may hold one against the other; none for others."""
    if held is not None and "replace" not in held.objects:
        return ()
    acts = None if held is None else held.objects
    places = {"primary": settings.objects_place, "copy": settings.backup_objects_place}
    return tuple(
        Copy(label, cast(Mendable, _narrowed(f"object store ({label})", acts, {"readable"}, partial(_store, place, settings))))
        for label, place in places.items()
        if place is not None
    )


def checkpoint_store(settings: Settings, held: Privileges | None = None) -> BlobStore:
    """Where signed checkpoints lie, written once."""

    def whole() -> BlobStore:
        first, *second = (_store(place, settings, first=True) for place in settings.checkpoints_places)
        return MirroredBlobStore(first, second[0]) if second else first

    return _narrowed("checkpoint store", None if held is None else held.checkpoints, set(), whole)


def backup_places(settings: Settings, held: Privileges | None = None) -> BackupPlaces:
    """Where backups go."""
    acts = None if held is None else held.backups
    return BackupPlaces(
        _depot(settings.backups_place, settings, acts),
        backed_up_objects(settings, held),
        _depot(settings.backup_keys_place, settings, acts),
    )


def backed_up_objects(settings: Settings, held: Privileges | None = None) -> BlobStore:
    """The objects in the backups, from which a destruction removes them too."""
    acts = None if held is None else held.backups
    return _narrowed("backup store", acts, set(), lambda: _part_of(settings.backups_place, "objects", settings))


def backups_at(place: Place, keys: Place, settings: Settings) -> BackupPlaces:
    """Backups that lie elsewhere than the settings say."""
    objects = _part_of(place, "objects", settings)
    return BackupPlaces(_depot(place, settings, None), objects, _depot(keys, settings, None))


def store_at(place: Place, settings: Settings) -> BlobStore:
    return _store(place, settings)


def _depot(place: Place, settings: Settings, acts: frozenset[str] | None) -> Depot:
    sets, chunks = (
        _narrowed("backup store", acts, set(), partial(_part_of, place, part, settings)) for part in ("sets", "chunks")
    )
    return Depot(sets, chunks)


def _part_of(place: Place, part: str, settings: Settings) -> BlobStore:
    return _store(replace(place, url=f"{place.url}/{part}"), settings, lock=settings.backups_lock)


class _Later:
    """A store that is opened when it is first used: most processes never do."""

    def __init__(self, whole: Callable[[], BlobStore]) -> None:
        self._whole = cache(whole)

    def __getattr__(self, act: str) -> Any:
        return getattr(self._whole(), act)


def later(whole: Callable[[], BlobStore]) -> BlobStore:
    return cast(BlobStore, _Later(whole))


def search_index(settings: Settings, held: Privileges | None = None) -> Index:
    """SQLite in the data folder, or an engine where one is named."""

    def whole() -> Index:
        if settings.index_url is None:
            return Fts5Index(settings.index_folder)
        key = settings.index_api_key
        return open_index(settings.index_url, api_key=key.get_secret_value() if key else None, ca=settings.index_ca)

    return _narrowed("index", None if held is None else held.index, {"count", "check"}, whole)


def _narrowed(what: str, acts: frozenset[str] | None, always: set[str], whole: Callable[[], T]) -> T:
    """What there is nothing to do with is not even opened."""
    if acts is None:
        return whole()
    return cast(T, Narrowed(whole(), acts | always, what)) if acts else _nothing(what)


def _nothing(what: str) -> Any:
    return Narrowed(None, (), what)


def _store(place: Place, settings: Settings, *, lock: s3.LockMode | None = None, first: bool = False) -> BlobStore:
    if place.url.startswith("file:"):
        return LocalBlobStore(Path(unquote(urlsplit(place.url).path)))
    connect = partial(s3.connect, place.endpoint, place.access_key, place.secret_key)
    probe = partial(connect, answer_seconds=PROBE_SECONDS, attempts=1)
    where = s3.bucket_and_prefix(place.url)
    return s3.S3BlobStore(connect(), *where, lock=lock or settings.objects_lock, first=first, probe=probe)


def _transit(settings: Settings, url: str) -> MasterKey:
    fixed, file = settings.vault_token, settings.vault_token_file
    token = vault_transit.token_in(file) if file else lambda: fixed.get_secret_value() if fixed else ""
    return vault_transit.VaultTransitKey(vault_transit.connect(url), token, key=settings.vault_key, mount=settings.vault_mount)
