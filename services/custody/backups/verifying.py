"""Trying a restore (rules.md, behaviour 21: a backup counts only once a restore of it was verified).

The catalogue is restored into an empty one and read from it again: each table must be the one that was backed up. The ledger
that comes out must have the root that its head tells. Each object of the backup is read and held against its digest, and with
the master key at hand opened and held against its content's: so catalogue, keys and objects are proven to fit together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.custody.backups import lawful, loading, proving, register
from services.custody.backups.making import alone, sign
from services.custody.backups.places import Places
from services.custody.backups.sets import BackupSet
from services.kernel import migrations
from services.kernel.blobs.sealed import SealedStore
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.errors import IntegrityError, MunimentError, NotFound

MOST_PROBLEMS = 50


@dataclass(slots=True)
class Trial:
    """How it went. ``opened``: whether objects were opened with their keys; ``problems`` is empty where all came back."""

    backup_id: str
    opened: bool
    tables: int = 0
    rows: int = 0
    objects: int = 0
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "backup": self.backup_id,
            "ok": not self.problems,
            "tables": self.tables,
            "rows": self.rows,
            "objects": self.objects,
            "opened": self.opened,
            "problems": self.problems,
        }


def verify(kernel: Kernel, places: Places, *, actor: str | None, backup_id: str | None = None, opens: bool = True) -> Trial:
    """Tries a backup, the newest unless told otherwise, and enters how it went. ``opens``: whether the objects are opened with
    their keys too, which takes the master key. Raises ``NotFound`` where there is no backup."""
    with alone(kernel, places) as held:
        trial = Trial(backup_id or newest(held), opens)
        for problem in _faults(kernel, held, trial):
            if len(trial.problems) < MOST_PROBLEMS:
                trial.problems.append(problem)
        with kernel.database.write() as session:
            register.tried(session, trial.backup_id, trial.problems, actor=actor, opened=opens)
        sign(kernel, held)
        if not trial.problems:
            lawful.lock(kernel, held, trial.backup_id)
    return trial


def newest(places: Places) -> str:
    ids = places.catalogue.ids()
    if not ids:
        raise NotFound("There is no backup yet. Make one with “muniment backup run”.")
    return ids[-1]


def keys_for(places: Places, backup: BackupSet) -> BackupSet:
    """The newest backup of keys: it has every key that any catalogue before it needs, but for those destroyed since. Raises
    ``NotFound`` or ``IntegrityError`` where there is none that is at least as new as the catalogue's."""
    ids = places.keys.ids()
    found = places.keys.read(ids[-1]) if ids else None
    if found is None or found.ledger_size < backup.ledger_size:
        at = f"is of {found.taken_at[:16]}" if found else "is not there"
        raise IntegrityError(
            f"The backup of the keys {at}, and that of the catalogue of {backup.taken_at[:16]}: without its keys nothing of it "
            "opens. Name the store of the keys' backups with --keys-from, or MUNIMENT_BACKUP_KEYS_URL."
        )
    return found


def _faults(kernel: Kernel, places: Places, trial: Trial) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="muniment-verify-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'catalogue.db'}")
        try:
            backup = places.catalogue.read(trial.backup_id)
            yield from backup.problems
            restore_rows(database, places, backup)
            for table in backup.tables:
                trial.tables, trial.rows = trial.tables + 1, trial.rows + table.rows
            yield from proving.tables_differ(database, backup, places.beat)
            yield from proving.ledger_faults(database, places.beat)
            yield from proving.keys_missing(database)
            vault = kernel.vault if trial.opened else None
            for problem in proving.object_faults(database, SealedStore(places.objects), vault, places.beat):
                if problem is None:
                    trial.objects += 1
                else:
                    yield problem
        except MunimentError as error:
            yield error.detail
        finally:
            database.close()


def restore_rows(database: Database, places: Places, backup: BackupSet) -> None:
    """Makes the tables of a backup in an empty database, and fills them."""
    if not migrations.knows(backup.revision):
        raise IntegrityError(f"The backup {backup.id} was made by a newer release. Use that, or a later one.")
    migrations.upgrade(database, backup.revision)
    keys = keys_for(places, backup)
    with database.migrate() as connection:
        loading.load(connection, backup, keys, catalogue=places.catalogue, keys=places.keys, beat=places.beat)
