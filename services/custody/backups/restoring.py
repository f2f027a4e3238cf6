"""Restoring an archive: sealed first, then filled, brought up to what was destroyed since, and only then opened.

    seal → rows and keys → the gate → the ledger goes on → destroyed again → objects → index → open

Broken off anywhere it stays sealed, and goes on when it is run again with the same backup. Into whichever catalogue, folder or
index it goes, this is the only road: without the seal's opening no process of the archive starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

from services.custody.backups import gate, loading, objects, proving, register, replaying, verifying
from services.custody.backups.gate import Since
from services.custody.backups.objects import Row, rows_of
from services.custody.backups.places import Places
from services.custody.backups.replaying import Destroy
from services.custody.backups.sets import BackupSet
from services.kernel import migrations, seal
from services.kernel.blobs.port import BlobStore
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.errors import Conflict, IntegrityError
from services.kernel.ledger import journal
from services.kernel.seal import Seal, Sealed
from services.kernel.tables import Blob


@dataclass(slots=True)
class Restored:
    """How it went: ``entries`` of the ledger since the backup, ``destroyed`` items that it still had and that are gone again,
    ``objects`` brought into the store; ``unentered``: numbers of the tombstones whose entries were not signed yet and are
    lost; ``problems``: what did not come."""

    backup_id: str
    rows: int
    entries: int = 0
    destroyed: int = 0
    objects: int = 0
    indexed: int = 0
    unentered: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "backup_id"} | {"backup": self.backup_id}


def lay_out(database: Database, places: Places, backup_id: str | None) -> BackupSet:
    """Puts a backup, the newest unless told otherwise, into an empty catalogue, sealed. Raises ``Conflict`` where the catalogue
    is not empty, ``IntegrityError`` where the backup, or that of the keys, is not whole."""
    sealed = _seal_on(database)
    chosen = backup_id or (sealed.backup_id if sealed else verifying.newest(places))
    if sealed and sealed.backup_id != chosen:
        raise Conflict(f"A restore of {sealed.backup_id} was begun here. End that one, or begin anew in an empty place.")
    backup = places.catalogue.read(chosen)
    keys = verifying.keys_for(places, backup)
    if not migrations.knows(backup.revision):
        raise IntegrityError(f"The backup {backup.id} was made by a newer release. Use that, or a later one.")
    if sealed is None:
        migrations.upgrade(database, backup.revision, lambda connection: seal.lay(connection, backup.id, backup.ledger_size))
    if sealed is None or not sealed.loaded:
        with database.migrate() as connection:
            loading.load(connection, backup, keys, catalogue=places.catalogue, keys=places.keys, beat=places.beat)
            connection.execute(update(Seal).values(loaded=True))
    migrations.upgrade(database)
    return backup


def bring_up(
    kernel: Kernel, places: Places, backup: BackupSet, *, outside: BlobStore, destroy: Destroy, index: Callable[[], int]
) -> Restored:
    """The rest of the way, and the doors open. ``outside`` is where the archive lays down from now on what ``places`` has from
    before. Raises ``Sealed`` with what keeps the doors shut."""
    restored = Restored(backup.id, backup.rows, problems=list(backup.problems))
    since = _pass(kernel, places)
    restored.unentered = [stone.number for stone in since.stones if stone.position >= since.tree.size]
    replaying.carry_over(places.outside, outside)
    with kernel.database.write() as session:
        restored.entries = replaying.extend_ledger(session, places.outside, since)
        replaying.end_sessions(session)
    restored.destroyed = replaying.destroy_again(kernel, since, destroy, places.beat)
    copied = objects.copy_rows(_wanted(kernel, places, backup), places.objects, kernel.objects.store, beat=places.beat)
    restored.objects, restored.problems = copied.objects, [*restored.problems, *copied.problems]
    restored.problems += [*proving.ledger_faults(kernel.database, places.beat), *proving.keys_missing(kernel.database)]
    restored.indexed = index()
    with kernel.database.write() as session:
        register.brought_back(session, backup)
        _open(session, restored)
    return restored


def _seal_on(database: Database) -> Seal | None:
    """The seal of a restore that was begun here. Raises ``Conflict`` where the catalogue is somebody's."""
    with database.read() as session:
        there = inspect(session.connection()).get_table_names()
    if not there:
        return None
    found = seal.laid(database) if Seal.__tablename__ in there else None
    if found is None:
        raise Conflict("There is an archive here. Restore into an empty place: give another --data, or another catalogue.")
    return found


def _pass(kernel: Kernel, places: Places) -> Since:
    """Remembers what is missing, so that whoever tries to start the archive is told too."""
    laid = seal.laid(kernel.database)
    assert laid is not None, "whoever restores has sealed it"
    try:
        with kernel.database.read() as session:
            return gate.since(session, laid, places.outside, kernel.signer)
    except Sealed as refusal:
        with kernel.database.write() as session:
            session.execute(update(Seal).where(Seal.backup_id == laid.backup_id).values(missing=refusal.detail))
        raise


def _wanted(kernel: Kernel, places: Places, backup: BackupSet) -> Iterator[Row]:
    """Objects that a row still names: of what was destroyed again none does."""
    for row in rows_of(places.catalogue, backup.table("blobs")):
        with kernel.database.read() as session:
            if session.scalar(select(Blob.id).where(Blob.name == row["name"])) is not None:
                yield row


def _open(session: Session, restored: Restored) -> None:
    told: dict[str, Any] = {"entries": restored.entries, "destroyed": restored.destroyed, "objects": restored.objects}
    if restored.unentered:
        told["tombstones"] = restored.unentered
    result = "incomplete" if restored.problems else "ok"
    journal.append(session, register.RESTORED, actor=None, result=result, backup=restored.backup_id, **told)
    session.execute(update(Seal).where(Seal.backup_id == restored.backup_id).values(opened_at=now(), missing=None))
