"""Making a backup: one moment of the catalogue, what it names in the object store, and, elsewhere, its keys.

The set of the keys is written before the catalogue's: what has one has the other. At the end a checkpoint is signed and lies
outside, so that a restore finds a ledger that is newer than the backup, even where nothing happened since.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import inspect

from services.custody.backups import objects, pruning, register
from services.custody.backups.dump import Dumped, dump
from services.custody.backups.objects import Copied
from services.custody.backups.places import Places
from services.custody.backups.sets import BackupSet
from services.custody.backups.tables import Backup
from services.kernel.blobs.orphans import is_kept
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.errors import Conflict
from services.kernel.ids import new_id
from services.kernel.ledger import journal
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.write_once import WriteOnce
from services.kernel.queue.leader import Leadership

TURN = "backup"
TURN_SECONDS = 600.0


def make(kernel: Kernel, places: Places, *, actor: str | None, whole: bool = False) -> Backup:
    """Makes a backup and enters it. ``whole``: believes of nothing that it lies in the stores already, but reads it, and
    brings it anew where it is not what it should be; so it is after a trial that found a fault. Raises ``Conflict`` where
    another is being made."""
    with alone(kernel, places) as held:
        return _make(kernel, held, actor, whole or register.is_doubtful(kernel))


@contextmanager
def alone(kernel: Kernel, places: Places) -> Iterator[Places]:
    """Nobody else writes to the depots, or clears them, while this lasts."""
    turn = Leadership(kernel.database, TURN, seconds=TURN_SECONDS)

    def beat() -> None:
        if not turn.held():
            raise Conflict("A backup is being made, or tried, at this moment. Wait until it has ended.")
        places.beat()

    beat()
    try:
        yield replace(places, beat=beat)
    finally:
        turn.resign()


def _make(kernel: Kernel, places: Places, actor: str | None, whole: bool) -> Backup:
    backup_id = new_id()
    with kernel.database.write() as session:
        register.begin(session, backup_id)
    try:
        for depot in (places.catalogue, places.keys):
            depot.begin(doubt=whole)
        earlier = frozenset() if whole else register.whole_before(kernel, places.catalogue)
        backup, keys, dumped = _moment(kernel, places, backup_id)
        copied = _objects(kernel, places, backup, earlier, doubt=whole)
        backup = backup.with_problems(tuple(copied.problems))
        places.keys.write(keys)
        places.catalogue.write(backup)
        copied.written += dumped.written
    except BaseException as error:
        register.fail(kernel, backup_id, error)
        raise
    with kernel.database.write() as session:
        row = register.end(session, backup, copied, actor=actor)
    sign(kernel, places)
    pruning.prune(kernel, places)
    return row


def _moment(kernel: Kernel, places: Places, backup_id: str) -> tuple[BackupSet, BackupSet, Dumped]:
    """The rows and the keys of one snapshot."""
    with kernel.database.read() as session:
        connection = session.connection()
        size, taken = journal.length(session), now()
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        dumped = dump(connection, places.catalogue, places.keys, places.beat)
        stones = _count(dumped, "tombstones")
        dialect = inspect(connection).dialect.name
    recipe = {"engine": (kernel.settings.index_url or "sqlite").partition("+")[0], "items": _count(dumped, "items")}
    common = {"taken_at": taken.isoformat(), "revision": revision, "dialect": dialect, "ledger_size": size}
    backup = BackupSet(backup_id, tables=tuple(dumped.tables), tombstones=stones, index=recipe, **common)
    return backup, replace(backup, tables=tuple(dumped.keys), index={}), dumped


def _count(dumped: Dumped, name: str) -> int:
    return sum(table.rows for table in dumped.tables if table.name == name)


def _objects(kernel: Kernel, places: Places, backup: BackupSet, earlier: frozenset[str], *, doubt: bool) -> Copied:
    """The moment is over: nothing waits while objects are copied."""
    rows = objects.rows_of(places.catalogue, backup.table("blobs"), skip=earlier)

    def gone(name: str) -> bool:
        return not is_kept(kernel.database, name)

    return objects.copy_rows(rows, kernel.objects.store, places.objects, gone=gone, beat=places.beat, doubt=doubt)


def sign(kernel: Kernel, places: Places) -> None:
    """What was entered by now is signed, and lies outside."""
    store = WriteOnce(places.outside, lock_days=kernel.settings.checkpoints_lock_days)
    signing = Checkpointer(kernel.database, kernel.signer, store)
    while signing.sign():
        pass
    store.store_rest(kernel.database)
