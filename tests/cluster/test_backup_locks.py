"""Object Lock on backups, by a real server: what is locked cannot be removed by anybody, and nothing is locked beyond its
earliest lawful destruction (hard case 4)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import select, update

from services.custody.backups import lawful, verifying
from services.kernel.config import Settings
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from services.kernel.tombstones import Tombstone
from services.retention.batches.model import BatchState, LineState
from tests import engines
from tests.catalogue import until
from tests.contract import stores
from tests.desk import Desk
from tests.destroying import ready
from tests.restores import made

pytestmark = pytest.mark.timeout(1800)
BUCKET = "backups-locked"
WAITING = timedelta(seconds=60)
"""Instead of policy's days: nothing that is not due yet can be destroyed before."""


@pytest.fixture
def prefix() -> str:
    return f"archive/{uuid4()}"


@pytest.fixture
def desk(tmp_path: Path, empty_catalogue: Path, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Its backups go to a bucket with Object Lock, in the mode that nobody can lift."""
    stores.bucket(BUCKET, ObjectLockEnabledForBucket=True)
    monkeypatch.setattr(lawful, "earliest", lambda session: WAITING)
    settings = Settings(
        data=tmp_path / "data",
        broker_url="memory://",
        workers=1,
        backups_url=f"s3://{BUCKET}/{prefix}",
        backups_endpoint=engines.value(engines.S3),
        backups_s3_access_key=engines.value(engines.S3, "ACCESS_KEY"),
        backups_s3_secret_key=engines.value(engines.S3, "SECRET_KEY"),
        backup_keys_url=(tmp_path / "keys-apart").as_uri(),
        backups_lock="COMPLIANCE",
    )
    settings.data.mkdir()
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    desk = Desk(settings)
    yield desk
    desk.close()


def locks(prefix: str) -> dict[str, datetime | None]:
    """Until when each object under the prefix is locked, by the end of its name; every version."""
    client, found = engines.s3_client(), {}
    for key, version in stores.versions(client, BUCKET, prefix):
        head = client.head_object(Bucket=BUCKET, Key=key, VersionId=version)
        found[key] = head.get("ObjectLockRetainUntilDate")
    return found


def objects_of(desk: Desk, item: str) -> set[str]:
    with desk.kernel.database.read() as session:
        return {name for name, _ in session.get_one(Tombstone, item).objects}


def test_case_04_nothing_is_locked_for_longer_than_until_it_may_be_destroyed(desk, prefix):
    clerk = desk.client(Role.CLERK)
    later, due = desk.item(clerk, "收款收据 甲"), desk.item(clerk, "收款收据 乙")
    with desk.kernel.database.write() as session:
        session.execute(update(Item).where(Item.id == later).values(state=ItemState.ARCHIVED))
        session.execute(update(Item).where(Item.id == due).values(state=ItemState.DUE))
    made(desk)
    assert verifying.verify(desk.kernel, desk.archive.backups(), actor=None).problems == [], "what was not tried is not locked"
    told = datetime.now(UTC)
    found = locks(prefix)
    locked = {key: moment for key, moment in found.items() if moment is not None}
    assert all(moment <= told + WAITING for moment in locked.values())
    assert any("/sets/" in key for key in locked) and any("/chunks/" in key for key in locked)
    client, refused = engines.s3_client(), 0
    for key, version in stores.versions(client, BUCKET, prefix):
        if key in locked and datetime.now(UTC) < locked[key] - timedelta(seconds=5):
            refused += 1
            with pytest.raises(ClientError):
                client.delete_object(Bucket=BUCKET, Key=key, VersionId=version, BypassGovernanceRetention=True)
    assert refused, "there was time to try"

    batch = ready(desk, [due])  # what was due is in no lock's way, at once
    batch.destroy()
    assert batch.lines(LineState.DESTROYED) == 1, batch.state
    assert not any(key.rpartition("/")[2] in objects_of(desk, due) for key in locks(prefix))

    early = ready(desk, [later])  # earlier than the law allows: the lock stands, and the batch is not closed over it
    early.destroy()
    if datetime.now(UTC) < min(locked.values()):
        assert early.state == BatchState.PARTIAL_FAILED and early.lines(LineState.FAILED) == 1
    until(lambda: datetime.now(UTC) > max(locked.values()), "the locks have run out", 300)
    if early.state == BatchState.PARTIAL_FAILED:
        early.resume()
        desk.work()
    assert early.state == BatchState.VERIFYING and early.sign() == 1 and early.state == BatchState.CLOSED
    left = {key.rpartition("/")[2] for key in locks(prefix)}
    assert not left & objects_of(desk, later)
    with desk.kernel.database.read() as session:
        assert set(session.scalars(select(Item.state))) == {ItemState.DESTROYED}
