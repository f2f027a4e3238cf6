"""Checkpoints on a real S3 server with Object Lock: whoever may do anything in the catalogue and anything that the store allows
neither changes nor hides one, and a catalogue that was put back signs nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import delete

from services.kernel import migrations
from services.kernel.blobs.s3 import S3BlobStore
from services.kernel.db import Database
from services.kernel.errors import Conflict, IntegrityError
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.note import Signer, verify
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry, LedgerTile
from services.kernel.ledger.write_once import WriteOnce
from tests import engines
from tests.contract import stores
from tests.ledgers import grow

pytestmark = pytest.mark.cluster
SIGNER, THIEF = Signer("muniment/ledger", bytes(range(32))), Signer("muniment/ledger", bytes(range(1, 33)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'catalogue.db'}")
    migrations.upgrade(database)
    yield database
    database.close()


class Corner:
    """A prefix of its own in a bucket with Object Lock, and the administrator's client."""

    def __init__(self) -> None:
        self.client = engines.s3_client()
        self.bucket = stores.bucket("checkpoints-locked", ObjectLockEnabledForBucket=True)
        self.prefix = f"checkpoints/{uuid4()}"
        self.store = S3BlobStore(
            stores.connection(), self.bucket, self.prefix, lock="COMPLIANCE", first=True, patience=stores.IMPATIENCE
        )

    def signing(self, database: Database) -> Checkpointer:
        """As a scheduler that has just started."""
        return Checkpointer(database, SIGNER, WriteOnce(self.store, lock_days=1))

    def objects(self) -> list[dict[str, str]]:
        """Each version of each object, as arguments."""
        found = stores.versions(self.client, self.bucket, self.prefix)
        return [{"Bucket": self.bucket, "Key": key, "VersionId": version} for key, version in found]

    def newest(self) -> str:
        note = WriteOnce(self.store, lock_days=1).newest()
        assert note is not None
        return note


@pytest.fixture
def corner() -> Corner:
    return Corner()


def stored(corner: Corner, database: Database, count: int) -> str:
    """So many more entries, signed and stored; the newest checkpoint."""
    grow(database, count)
    signing = corner.signing(database)
    signing.sign()
    signing.tick()
    return corner.newest()


def test_each_version_is_locked_and_its_lock_cannot_be_shortened(corner, database):
    note = stored(corner, database, 5)
    assert verify(note, SIGNER.verifier_key).size == 5
    assert len(corner.objects()) == 2, "the checkpoint, and the entries it vouches for"
    for each in corner.objects():
        lock = corner.client.get_object_retention(**each)["Retention"]
        assert lock["Mode"] == "COMPLIANCE" and lock["RetainUntilDate"] > datetime.now(UTC) + timedelta(hours=23)
        with pytest.raises(ClientError):
            corner.client.delete_object(**each)
        with pytest.raises(ClientError):
            corner.client.delete_object(**each, BypassGovernanceRetention=True)
        soon = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(seconds=1)}
        with pytest.raises(ClientError):
            corner.client.put_object_retention(**each, Retention=soon)
        assert corner.client.get_object(**each)["Body"].read()
    with pytest.raises(Conflict):
        corner.store.delete(next(iter(corner.store.names())))


def test_what_is_put_over_a_checkpoint_or_hides_it_changes_nothing(corner, database):
    note = stored(corner, database, 5)
    names = sorted(corner.store.names())
    with corner.store.open(names[1]) as source:
        entries = source.read()
    for each in corner.objects():
        place = {"Bucket": each["Bucket"], "Key": each["Key"]}
        corner.client.put_object(**place, Body=b"forged")
        corner.client.delete_object(**place)
    assert corner.newest() == note and sorted(corner.store.names()) == names
    with corner.store.open(names[1]) as source:
        assert source.read() == entries
    assert all(corner.store.exists(name) for name in names)
    later = stored(corner, database, 3)
    assert verify(later, SIGNER.verifier_key).size == 8, "and what comes is stored beside it"


def test_a_catalogue_that_was_put_back_or_rewritten_signs_nothing_more(corner, database):
    stored(corner, database, 5)
    grow(database, 3)
    with database.write() as session:  # with all effort: entries gone, checkpoints and subtrees forgotten
        session.execute(delete(LedgerEntry).where(LedgerEntry.position >= 2))
        session.execute(delete(LedgerCheckpoint))
        session.execute(delete(LedgerTile))
    forged = {"Bucket": corner.bucket, "Key": f"{corner.prefix}/checkpoint-{5:015}"}
    corner.client.put_object(**forged, Body=b"a checkpoint that would bear it out")
    with pytest.raises((IntegrityError, ValueError)):
        corner.signing(database).sign()
    with database.read() as session:
        assert session.query(LedgerCheckpoint).count() == 0
