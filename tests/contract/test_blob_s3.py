"""What the S3 adapter promises besides the contract, against the real server and over a network that breaks."""

import hashlib
import io
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.kernel.blobs import s3, s3_writer
from services.kernel.blobs.s3 import S3BlobStore
from services.kernel.errors import Conflict, NotFound, Unavailable
from services.kernel.ids import new_id
from tests import engines
from tests.contract import stores
from tests.contract.network import Wire
from tests.contract.test_blob_stores import put, read

pytestmark = pytest.mark.cluster
MIB = 1 << 20


@dataclass
class Corner:
    """A prefix of its own in a bucket, seen by the adapter (``store``) and by the server's own client."""

    bucket: str
    prefix: str
    client: Any

    def store(self, client: Any = None, **settings: Any) -> S3BlobStore:
        settings = {"patience": stores.IMPATIENCE, **settings}
        return S3BlobStore(client or stores.connection(), self.bucket, self.prefix, **settings)

    def versions(self) -> list[tuple[str, str]]:
        return stores.versions(self.client, self.bucket, self.prefix)

    def uploads(self) -> list[tuple[str, str]]:
        return stores.uploads(self.client, self.bucket, self.prefix)


@pytest.fixture
def corner() -> Iterator[Corner]:
    corner = Corner(stores.versioned_bucket(), f"test/{uuid4()}", engines.s3_client())
    yield corner
    stores.empty(corner.client, corner.bucket, corner.prefix)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(engines.value(engines.S3))
    yield wire
    wire.close()


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

BORDERS = [s3_writer.PART_BYTES * n + offset for n in (1, 2) for offset in (-1, 0, 1)]


@pytest.mark.parametrize("size", BORDERS)
def test_every_size_around_the_borders_of_parts(corner, size):
    store, name, content = corner.store(), new_id(), secrets.token_bytes(size)
    writer = store.create(name)
    for start in range(0, size, 700_001):
        writer.write(content[start : start + 700_001])
    writer.commit()
    assert hashlib.sha256(read(store, name)).digest() == hashlib.sha256(content).digest()
    assert corner.uploads() == [] and len(corner.versions()) == 1


def test_the_store_keeps_a_sha256_of_small_and_large_objects(corner):
    store = corner.store()
    for size in (3, s3_writer.PART_BYTES + 1):
        name = new_id()
        put(store, name, bytes(size))
        found = corner.client.head_object(Bucket=corner.bucket, Key=f"{corner.prefix}/{name}", ChecksumMode="ENABLED")
        assert found["ChecksumSHA256"]


def test_a_large_object_is_written_once_too_and_the_loser_leaves_no_parts(corner):
    store, name = corner.store(), new_id()
    put(store, name, b"first")
    with pytest.raises(Conflict):
        put(store, name, bytes(s3_writer.PART_BYTES + 1))
    assert read(store, name) == b"first"
    assert corner.uploads() == [] and len(corner.versions()) == 1


def test_an_abort_leaves_no_upload_behind(corner):
    writer = corner.store().create(new_id())
    writer.write(bytes(2 * s3_writer.PART_BYTES))
    assert len(corner.uploads()) == 1
    writer.abort()
    assert corner.uploads() == [] and corner.versions() == []
    with pytest.raises(ValueError, match="closed"):
        writer.commit()


def test_the_sweep_takes_what_dead_writers_left_and_nothing_of_living_ones(corner):
    store = corner.store()
    dead, living, foreign = (store.create(new_id()) for _ in range(2)), store.create(new_id()), f"{corner.prefix}/not/ours"
    for writer in (*dead, living):
        writer.write(bytes(s3_writer.PART_BYTES))
    corner.client.create_multipart_upload(Bucket=corner.bucket, Key=foreign)
    assert store.sweep() == 0, "all are young"
    living.commit()
    time.sleep(1.1)  # the store tells ages in seconds
    assert store.sweep(timedelta(seconds=1)) == 2
    assert [key for key, _ in corner.uploads()] == [foreign]
    assert len(list(store.names())) == 1


# ── versions and locks ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_delete_takes_every_version_and_marker_of_that_name_and_of_no_other(corner):
    store, name = corner.store(), new_id()
    longer = f"{name}-and-more"
    key = f"{corner.prefix}/{name}"
    for each in (name, longer):
        put(store, each, b"written once")
    for content in (b"second", b"third"):
        corner.client.put_object(Bucket=corner.bucket, Key=key, Body=content)
    corner.client.delete_object(Bucket=corner.bucket, Key=key)
    corner.client.put_object(Bucket=corner.bucket, Key=key, Body=b"after the marker")
    corner.client.delete_object(Bucket=corner.bucket, Key=key)
    assert not store.exists(name)
    assert len([each for each, _ in corner.versions() if each == key]) == 6
    store.delete(name)
    assert [each for each, _ in corner.versions()] == [f"{corner.prefix}/{longer}"]


def test_a_name_behind_a_delete_marker_is_free_and_its_old_content_goes_with_the_new(corner):
    store, name = corner.store(), new_id()
    put(store, name, b"first")
    corner.client.delete_object(Bucket=corner.bucket, Key=f"{corner.prefix}/{name}")
    with pytest.raises(NotFound):
        store.open(name)
    put(store, name, b"second")
    assert read(store, name) == b"second"
    store.delete(name)
    assert corner.versions() == []


def test_a_bucket_without_versions_serves_too():
    corner = Corner(stores.bucket("contract-plain"), str(uuid4()), engines.s3_client())
    store, name = corner.store(), new_id()
    put(store, name, b"x")
    with pytest.raises(Conflict):
        put(store, name, b"y")
    assert list(store.names()) == [name] and store.reachable()
    store.delete(name)
    assert corner.versions() == []


@pytest.fixture(scope="module")
def lockable() -> Corner:
    bucket = stores.bucket("contract-locked", ObjectLockEnabledForBucket=True)
    return Corner(bucket, str(uuid4()), engines.s3_client())


@pytest.mark.parametrize("mode", ["COMPLIANCE", "GOVERNANCE"])
def test_a_lock_holds_until_it_was_asked_for_and_never_longer(lockable, mode):
    store, name, soon = lockable.store(lock=mode), new_id(), new_id()
    put(store, name, b"x")
    asked = datetime.now(UTC) + timedelta(hours=1)
    store.retain(name, asked)
    found = lockable.client.head_object(Bucket=lockable.bucket, Key=f"{lockable.prefix}/{name}")
    assert found["ObjectLockMode"] == mode
    assert asked - timedelta(seconds=1) < found["ObjectLockRetainUntilDate"] <= asked
    with pytest.raises(Conflict, match=r"locked until \d{4}-"):
        store.delete(name)
    assert read(store, name) == b"x"
    with pytest.raises(Conflict, match="never shortened"):
        store.retain(name, asked - timedelta(seconds=2))
    put(store, soon, b"x")
    asked = datetime.now(UTC) + timedelta(seconds=4.9)
    store.retain(soon, asked)
    time.sleep(max(0.0, (asked - datetime.now(UTC)).total_seconds()) + 0.2)
    store.delete(soon)
    assert not store.exists(soon)


def test_no_lock_unless_a_mode_is_set(lockable):
    store, name = lockable.store(), new_id()
    put(store, name, b"x")
    store.retain(name, datetime.now(UTC) + timedelta(days=1))
    store.delete(name)
    assert not store.exists(name)


def test_a_lock_on_a_bucket_that_has_none_is_told(corner):
    store, name = corner.store(lock="COMPLIANCE"), new_id()
    put(store, name, b"x")
    with pytest.raises(Unavailable, match="has no Object Lock"):
        store.retain(name, datetime.now(UTC) + timedelta(days=1))
    assert not store.reachable()


def test_a_bucket_that_locks_by_a_rule_of_its_own_is_not_ready(lockable):
    assert lockable.store().reachable() and lockable.store(lock="COMPLIANCE").reachable()
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    lockable.client.put_object_lock_configuration(Bucket=lockable.bucket, ObjectLockConfiguration=lock)
    try:
        assert not lockable.store().reachable()
    finally:
        lockable.client.put_object_lock_configuration(
            Bucket=lockable.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
        )


# ── listings, absences and refusals ───────────────────────────────────────────────────────────────────────────────────────


def test_names_come_page_by_page_and_foreign_keys_are_none(corner):
    store = corner.store(page=4)
    names = sorted(new_id() for _ in range(11))
    for name in names:
        put(store, name, b"x")
    for foreign in ("README.txt", "deeper/" + new_id()):
        corner.client.put_object(Bucket=corner.bucket, Key=f"{corner.prefix}/{foreign}", Body=b"x")
    assert list(store.names()) == names


def test_an_object_that_is_away_for_a_moment_is_not_lost(corner):
    store, name = corner.store(patience=(0.1, 0.3, 1, 3, 9, 27)), new_id()
    threading.Timer(0.25, put, (corner.store(), name, b"late")).start()
    assert read(store, name) == b"late"


def test_a_bucket_that_is_not_there_is_no_lost_object():
    store = S3BlobStore(stores.connection(), "no-such-bucket", patience=stores.IMPATIENCE)
    acts = (store.open, store.exists, store.delete)
    for act in acts:
        with pytest.raises(Unavailable, match="bucket"):
            act(new_id())
    with pytest.raises(Unavailable, match="bucket"):
        list(store.names())


def test_wrong_keys_are_told_without_showing_them(corner):
    client = s3.connect(engines.value(engines.S3), "wrong-access", "wrong-secret", attempts=1)
    store = corner.store(client)
    for act in (store.open, store.exists, store.delete, lambda name: put(store, name, b"x")):
        with pytest.raises(Unavailable, match="refuses") as refusal:
            act(new_id())
        assert "wrong-" not in refusal.value.detail


def test_a_server_that_is_not_there_is_asked_as_often_as_was_said(corner):
    client, sent = s3.connect("http://127.0.0.1:9", "a", "b", attempts=2), []
    client.meta.events.register("before-send.s3", lambda **_: sent.append("try"))
    store = corner.store(client)
    for act in (store.open, store.exists, store.delete, lambda name: put(store, name, b"x")):
        with pytest.raises(Unavailable, match="does not answer"):
            act(new_id())
    assert len(sent) == 6 * 2, "six questions"


# ── a network that breaks ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def far(corner, wire) -> S3BlobStore:
    """The store behind the wire."""
    return corner.store(s3.connect(wire.url, engines.value(engines.S3, "ACCESS_KEY"), engines.value(engines.S3, "SECRET_KEY")))


def test_reading_goes_on_where_the_connection_was_cut(corner, wire, far):
    name, content = new_id(), secrets.token_bytes(12 * MIB)
    put(corner.store(), name, content)
    wire.faults = [3 * MIB, 4 * MIB, 100]
    assert read(far, name) == content
    assert wire.spoilt == 3


def test_reading_gives_up_when_it_does_not_come_forward(corner, wire, far):
    name = new_id()
    put(corner.store(), name, secrets.token_bytes(24 * MIB))  # more than the sockets hold
    with far.open(name) as source:
        assert source.read(10)
        wire.close()
        wire.faults = [0] * 50
        with pytest.raises(Unavailable):
            source.read()


@pytest.mark.parametrize("size", [10, s3_writer.PART_BYTES + 10], ids=["put", "multipart"])
def test_a_commit_whose_answer_is_lost_stands_and_is_known_to(corner, wire, far, size):
    """The request sent again is refused, for the name is taken: by this very object."""
    name, content = new_id(), secrets.token_bytes(size)
    writer = far.create(name)
    writer.write(content)
    far._client.meta.events.register("before-send.s3", lambda request, **_: spoil(wire, request))
    writer.commit()
    assert wire.spoilt == 1
    assert read(corner.store(), name) == content
    assert len(corner.versions()) == 1 and corner.uploads() == []


def spoil(wire: Wire, request: Any) -> None:
    """The answer to the first request that would make the object is lost."""
    makes = (request.method == "PUT" and "partNumber" not in request.url) or (
        request.method == "POST" and "uploadId" in request.url
    )
    if makes and not wire.spoilt:
        wire.faults = [0]


def test_a_part_whose_answer_is_lost_is_sent_again(corner, wire, far):
    name, content = new_id(), secrets.token_bytes(2 * s3_writer.PART_BYTES)
    writer = far.create(name)
    writer.write(content[:MIB])
    wire.faults = [0, 0]
    writer.write(content[MIB:])
    writer.commit()
    assert wire.spoilt == 2
    assert read(corner.store(), name) == content


def test_a_copy_that_reads_back_otherwise_is_not_stored(tmp_path: Path, corner):
    """A copy that lies: what it gives back is not what it was given."""
    from services.kernel.blobs.local import LocalBlobStore
    from services.kernel.blobs.mirrored import MirroredBlobStore

    class Lying(S3BlobStore):
        def open(self, name: str) -> Any:
            return io.BytesIO(b"something else")

    copy = Lying(stores.connection(), corner.bucket, corner.prefix)
    store = MirroredBlobStore(LocalBlobStore(tmp_path), copy)
    with pytest.raises(Unavailable, match="does not give back"):
        put(store, new_id(), b"content")
    assert list(store.names()) == [] and corner.versions() == []
