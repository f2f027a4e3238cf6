"""Whether what came out of a backup is what went into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import select

from services.custody.backups.dump import DIGEST, digest_of
from services.custody.backups.objects import fault
from services.custody.backups.rows import WITHHELD, encode, tables
from services.custody.backups.sets import BackupSet
from services.kernel.blobs.keys import Vault
from services.kernel.blobs.sealed import SealedStore
from services.kernel.db import Database
from services.kernel.errors import MunimentError
from services.kernel.ledger.export import contradictions
from services.kernel.ledger.journal import HEAD, tree_at
from services.kernel.ledger.merkle import Tree
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.tables import Blob, DataKey

ROWS_AT_ONCE = 500
Beat = Callable[[], None]


def tables_differ(database: Database, backup: BackupSet, beat: Beat) -> Iterator[str]:
    """Tables that are not, row by row, those that were backed up."""
    with database.read() as session:
        connection = session.connection()
        there = {table.name: table for table in tables(connection)}
        for copy in backup.tables:
            count = total = 0
            beat()
            columns = [there[copy.name].columns[name] for name, _ in copy.columns]
            for row in connection.execute(select(*columns).execution_options(yield_per=ROWS_AT_ONCE)):
                count, total = count + 1, (total + digest_of(encode(row, copy.columns))) % DIGEST
                if count % ROWS_AT_ONCE == 0:
                    beat()
            if (count, f"{total:064x}") != (copy.rows, copy.digest):
                yield f"table {copy.name} came back with {count} rows of {copy.rows}, or with others"


def ledger_faults(database: Database, beat: Beat) -> Iterator[str]:
    """Entries that contradict themselves, and a head that is not theirs."""
    tree = Tree()
    with database.read() as session:
        for row in session.scalars(select(LedgerEntry).order_by(LedgerEntry.position).execution_options(yield_per=1000)):
            if row.position % ROWS_AT_ONCE == 0:
                beat()
            if row.position != tree.size or contradictions(row):
                yield f"entry {tree.size} of the ledger is missing, or is not what was entered"
                return
            tree = tree.append(row.leaf_hash)
        if tree != tree_at(session.get_one(LedgerHead, HEAD)):
            yield "the ledger's entries do not give the root of its head"


def keys_missing(database: Database) -> Iterator[str]:
    """Keys that were not destroyed, and are in no backup."""
    assert "data_keys" in WITHHELD
    query = select(DataKey.id).where(DataKey.wrapped.is_(None), DataKey.destroyed_at.is_(None))
    with database.read() as session:
        for key in session.scalars(query):
            yield f"data key {key} is missing from the backup of the keys"


def object_faults(database: Database, objects: SealedStore, vault: Vault | None, beat: Beat) -> Iterator[str | None]:
    """One a stored object: what is wrong with it, or None. With ``vault`` each is opened too."""
    last = ""
    query = select(Blob).join(DataKey, DataKey.id == Blob.key_id).where(DataKey.destroyed_at.is_(None)).order_by(Blob.id)
    while True:
        with database.read() as session:
            rows = session.scalars(query.where(Blob.id > last).limit(ROWS_AT_ONCE)).all()
            for blob in rows:
                beat()
                problem = fault(objects.store, blob.name, blob.stored_sha256)
                if problem is None and vault is not None:
                    try:
                        for _ in objects.read(blob.name, vault.key(session, blob.key_id), sha256=blob.sha256):
                            pass
                    except MunimentError:
                        problem = f"object {blob.name} does not open with its key"
                yield problem
        if not rows:
            return
        last = rows[-1].id
