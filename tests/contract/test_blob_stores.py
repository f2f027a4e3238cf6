"""One contract for every object store, and what the local one promises besides."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.port import BlobStore
from services.kernel.errors import Conflict, InvalidInput, NotFound, Unavailable
from services.kernel.ids import new_id


def put(store: BlobStore, name: str, *pieces: bytes) -> None:
    writer = store.create(name)
    for piece in pieces:
        writer.write(piece)
    writer.commit()


def read(store: BlobStore, name: str) -> bytes:
    with store.open(name) as source:
        return source.read()


# ── every store ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_committed_is_read(store):
    name = new_id()
    put(store, name, b"one ", b"", b"two")
    assert read(store, name) == b"one two"
    assert store.exists(name)
    assert list(store.names()) == [name]


def test_an_empty_object_is_an_object(store):
    name = new_id()
    put(store, name)
    assert read(store, name) == b"" and store.exists(name)


def test_what_is_kept_until_a_day_is_there_to_be_read(store):
    """Without locks a store keeps nothing from being removed; with them, see the suite of S3."""
    name = new_id()
    put(store, name, b"x")
    store.retain(name, datetime.now(UTC) + timedelta(days=1))
    assert read(store, name) == b"x" and list(store.names()) == [name]
    with pytest.raises(Conflict):
        put(store, name, b"y")
    assert read(store, name) == b"x"
    store.delete(name)


def test_names_lists_all_and_only_what_is_stored(store):
    names = {new_id() for _ in range(40)}
    for name in names:
        put(store, name, b"x")
    gone = names.pop()
    store.delete(gone)
    unfinished = store.create(new_id())
    unfinished.write(b"x")
    listed = list(store.names())
    assert set(listed) == names and len(listed) == len(names)
    unfinished.abort()


def test_what_is_half_written_is_invisible(store):
    name = new_id()
    writer = store.create(name)
    writer.write(b"x" * 100_000)
    assert not store.exists(name)
    assert list(store.names()) == []
    with pytest.raises(NotFound):
        store.open(name)
    writer.commit()
    assert store.exists(name)


def test_abort_leaves_nothing_and_may_be_repeated(store):
    name = new_id()
    writer = store.create(name)
    writer.write(b"x")
    writer.abort()
    writer.abort()
    assert not store.exists(name) and list(store.names()) == []
    put(store, name, b"the name is free again")


def test_abort_after_commit_takes_nothing_back(store):
    name = new_id()
    writer = store.create(name)
    writer.write(b"x")
    writer.commit()
    writer.abort()
    assert read(store, name) == b"x"


def test_objects_are_written_once(store):
    name = new_id()
    put(store, name, b"first")
    with pytest.raises(Conflict):
        put(store, name, b"second")
    assert read(store, name) == b"first"
    assert list(store.names()) == [name]


def test_of_two_writers_of_one_name_one_wins(store):
    name, outcomes = new_id(), []
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        try:
            put(store, name, b"%d" % number)
            outcomes.append(number)
        except Conflict:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert read(store, name) == b"%d" % outcomes[0]


def test_delete_is_for_good_and_may_be_repeated(store):
    name = new_id()
    put(store, name, b"x")
    store.delete(name)
    store.delete(name)
    assert not store.exists(name)
    with pytest.raises(NotFound):
        store.open(name)


def test_traces_are_all_that_is_held_and_none_after_a_delete(store):
    name, beside = new_id(), new_id()
    put(store, beside, b"y")
    assert store.traces(name) == []
    put(store, name, b"x")
    assert len(store.traces(name)) == len(store.traces(beside)) > 0
    store.delete(name)
    assert store.traces(name) == []
    assert len(store.traces(beside)) > 0


def test_what_is_not_there_is_not_found(store):
    assert not store.exists(new_id())
    with pytest.raises(NotFound):
        store.open(new_id())


@pytest.mark.parametrize("name", ["", "a", "../../etc/passwd", "UPPER-CASE", "with/slash", "a" * 200, "nul\0nul", "line\nline"])
def test_a_name_that_is_none_is_refused(store, name):
    for act in (store.create, store.open, store.exists, store.delete, store.traces):
        with pytest.raises(InvalidInput):
            act(name)


# ── the local adapter: what a full disk, a dying process and a power cut leave ─────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "objects"


def failing(code: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("call", ["open", "fsync", "link"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_store_that_cannot_be_written_says_so_and_keeps_nothing(folder, monkeypatch, call, code):
    store = LocalBlobStore(folder)
    with monkeypatch.context() as patch, pytest.raises(Unavailable) as refusal:
        patch.setattr(os, call, failing(code))
        put(store, new_id(), b"x" * 100_000)
    assert ("full" in refusal.value.detail) == (code in (errno.ENOSPC, errno.EDQUOT))
    assert list(store.names()) == []
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_synced_leaves_no_object_behind(folder, monkeypatch):
    store, real, calls = LocalBlobStore(folder), os.fsync, []

    def second_fails(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:  # the first is the file, the second its folder
            failing(errno.EIO)()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", second_fails)
    with pytest.raises(Unavailable):
        put(store, new_id(), b"x")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@contextmanager
def full_device(monkeypatch) -> Iterator[None]:
    """Objects go to /dev/full, where every write fails for want of space."""
    real = os.open

    def open_full(path, flags, mode=0o777, **more):
        descriptor = real(path, flags, mode, **more)
        if flags & os.O_CREAT:
            os.dup2(full := real("/dev/full", os.O_WRONLY), descriptor)
            os.close(full)
        return descriptor

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_full)
        yield


def test_a_disk_that_fills_up_while_writing(folder, monkeypatch):
    store = LocalBlobStore(folder)
    with full_device(monkeypatch), pytest.raises(Unavailable, match="full"):
        writer = store.create(new_id())
        for _ in range(100):
            writer.write(b"x" * 10_000)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_disk_that_fills_up_at_the_last_byte(folder, monkeypatch):
    store = LocalBlobStore(folder)
    with full_device(monkeypatch):
        writer = store.create(new_id())
        writer.write(b"small enough to lie in the buffer until the end")
        with pytest.raises(Unavailable, match="full"):
            writer.commit()
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_content_is_durable_before_the_name_and_the_name_before_the_answer(folder, monkeypatch):
    store, steps = LocalBlobStore(folder), []
    name = new_id()
    fsync, link = os.fsync, os.link

    def record_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append(("fsync", path.name, store.exists(name)))
        fsync(descriptor)

    def record_link(source, target, **more) -> None:
        steps.append(("link", Path(target).name, store.exists(name)))
        link(source, target, **more)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "link", record_link)
    put(store, name, b"x" * 50_000)
    assert steps == [
        ("fsync", f"{name}.part", False),
        ("link", name, False),
        ("fsync", name[-2:], True),
        ("fsync", "objects", True),
    ]
    steps.clear()
    store.delete(name)
    assert steps == [("fsync", name[-2:], False)]


def test_what_a_dead_writer_left_is_swept_and_nothing_else(folder):
    store = LocalBlobStore(folder)
    kept, lost = new_id(), new_id()
    put(store, kept, b"x")
    store.create(lost).write(b"x")
    assert store.sweep() == 0, "all are young"
    assert store.sweep(timedelta(0)) == 1
    assert list(store.names()) == [kept]
    put(store, lost, b"again")


def test_objects_are_for_the_archive_s_eyes_only(folder):
    store = LocalBlobStore(folder)
    name = new_id()
    put(store, name, b"x")
    path = store._path(name)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
