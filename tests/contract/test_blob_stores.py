"""One contract for every object store, and for the seal above it. An adapter joins by a line in ``STORES``."""

import errno
import hashlib
import os
import secrets
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.kernel.blobs.keys import FileMasterKey, Vault, secret_file
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.port import BlobStore
from services.kernel.blobs.sealed import CHUNK, HEADER, MAGIC, OVERHEAD, SealedStore
from services.kernel.errors import Conflict, IntegrityError, InvalidInput, NotFound, Unavailable
from services.kernel.ids import new_id
from services.kernel.tables import DataKey

KEY = bytes(range(32))


@dataclass(frozen=True)
class Bench:
    """A store, with a way to change its raw bytes behind its back."""

    store: BlobStore
    raw: Callable[[str], bytes]
    tamper: Callable[[str, bytes], None]


def local(folder: Path) -> Bench:
    store = LocalBlobStore(folder)
    return Bench(store, lambda name: store._path(name).read_bytes(), lambda name, data: store._path(name).write_bytes(data))


STORES = [local]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def bench(request, tmp_path) -> Bench:
    return request.param(tmp_path / "objects")


@pytest.fixture
def store(bench) -> BlobStore:
    return bench.store


@pytest.fixture
def sealed(bench) -> SealedStore:
    return SealedStore(bench.store)


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


def test_what_is_not_there_is_not_found(store):
    assert not store.exists(new_id())
    with pytest.raises(NotFound):
        store.open(new_id())


@pytest.mark.parametrize("name", ["", "a", "../../etc/passwd", "UPPER-CASE", "with/slash", "a" * 200, "nul\0nul", "line\nline"])
def test_a_name_that_is_none_is_refused(store, name):
    for act in (store.create, store.open, store.exists, store.delete):
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
    assert store.sweep() == 1
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


# ── the seal, over every store ────────────────────────────────────────────────────────────────────────────────────────────

BORDERS = sorted({max(0, n * CHUNK + offset) for n in (0, 1, 2, 3) for offset in (-1, 0, 1)})


def content_of(size: int) -> bytes:
    return secrets.token_bytes(size)


@pytest.mark.parametrize("size", BORDERS)
def test_every_size_around_the_borders_of_chunks(sealed, bench, size):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert sealed.fetch(stored.name, KEY, sha256=stored.sha256) == content
    raw = bench.raw(stored.name)
    assert stored.stored_sha256 == hashlib.sha256(raw).hexdigest()
    chunks = max(1, -(-size // CHUNK))
    assert len(raw) == len(MAGIC) + HEADER + size + chunks * OVERHEAD


@pytest.mark.parametrize("piece", [1, 4095, 65536, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_pieces_of_writing_do_not_matter(sealed, piece):
    content = content_of(2 * CHUNK + 5) if piece > 1 else content_of(3000)
    writer = sealed.create(KEY)
    for start in range(0, len(content), piece):
        writer.write(content[start : start + piece])
    stored = writer.finish()
    assert sealed.fetch(stored.name, KEY, sha256=stored.sha256) == content


def test_nothing_of_the_content_is_in_the_raw_bytes(sealed, bench):
    words = "买受人张伟身份证号码11010519491231002X".encode()
    stored = sealed.put(KEY, words * 5000)
    raw = bench.raw(stored.name)
    pieces = {words[start : start + 6] for start in range(len(words) - 6)}
    assert not [piece for piece in pieces if piece in raw]
    twin = sealed.put(KEY, words * 5000)
    assert bench.raw(twin.name)[len(MAGIC) :] != raw[len(MAGIC) :], "equal contents look different"


SIZES = (0, 10, CHUNK, CHUNK + 10, 2 * CHUNK, 2 * CHUNK + 10)


def assert_refused(sealed: SealedStore, name: str, content: bytes, key: bytes = KEY) -> None:
    """Nothing but proven content may come out, and never all of it as if nothing were."""
    given = b""
    with pytest.raises(IntegrityError):
        for chunk in sealed.read(name, key):
            given += chunk
    assert content.startswith(given)
    assert not content or len(given) < len(content)


@pytest.mark.parametrize("size", SIZES)
def test_a_cut_tail_is_found_wherever_it_was_cut(sealed, bench, size):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    raw = bench.raw(stored.name)
    start, whole = len(MAGIC) + HEADER, CHUNK + OVERHEAD
    cuts = {0, 1, start - 1, start, start + 1, start + OVERHEAD, start + whole, start + 2 * whole, len(raw) - 1}
    for length in sorted(cut for cut in cuts if cut < len(raw)):
        bench.tamper(stored.name, raw[:length])
        assert_refused(sealed, stored.name, content)


@pytest.mark.parametrize("size", SIZES)
def test_a_flipped_bit_is_found_wherever_it_is(sealed, bench, size):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    raw = bench.raw(stored.name)
    places = {0, len(MAGIC), len(MAGIC) + HEADER - 1, len(MAGIC) + HEADER, len(raw) // 2, len(raw) - 1}
    for place in sorted(places):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << secrets.randbelow(8)
        bench.tamper(stored.name, bytes(flipped))
        assert_refused(sealed, stored.name, content)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("extra", [b"\0", b"x" * 17, b"x" * 100, bytes(CHUNK + OVERHEAD)], ids=len)
def test_an_appended_tail_is_found(sealed, bench, size, extra):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    bench.tamper(stored.name, bench.raw(stored.name) + extra)
    assert_refused(sealed, stored.name, content)


def test_exchanged_repeated_and_dropped_chunks_are_found(sealed, bench):
    content = content_of(3 * CHUNK)
    stored = sealed.put(KEY, content)
    raw = bench.raw(stored.name)
    start, whole = len(MAGIC) + HEADER, CHUNK + OVERHEAD
    head, chunks = raw[:start], [raw[start + n * whole : start + (n + 1) * whole] for n in range(3)]
    for order in ((1, 0, 2), (0, 0, 1, 2), (0, 2), (2,), (0, 1, 1), (0, 1, 2, 2)):
        bench.tamper(stored.name, head + b"".join(chunks[number] for number in order))
        assert_refused(sealed, stored.name, content)


def test_two_exchanged_objects_are_found_though_under_one_key(sealed, bench):
    one, two = sealed.put(KEY, b"the lease"), sealed.put(KEY, b"the sale!")
    raw_one, raw_two = bench.raw(one.name), bench.raw(two.name)
    bench.tamper(one.name, raw_two)
    bench.tamper(two.name, raw_one)
    assert_refused(sealed, one.name, b"the lease")
    assert_refused(sealed, two.name, b"the sale!")


def test_another_key_opens_nothing(sealed):
    stored = sealed.put(KEY, b"content")
    assert_refused(sealed, stored.name, b"content", bytes(32))


@pytest.mark.parametrize("size", SIZES)
def test_content_that_is_not_what_was_catalogued_is_never_given_out_whole(sealed, size):
    content = content_of(size)
    stored, given = sealed.put(KEY, content), []
    with pytest.raises(IntegrityError, match="catalogued"):
        given.extend(sealed.read(stored.name, KEY, sha256="0" * 64))
    assert len(b"".join(given)) < max(1, len(content))


def test_a_failed_source_leaves_nothing(sealed, bench):
    class Broken:
        def read(self, size: int) -> bytes:
            raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="gone"):
        sealed.put(KEY, Broken())
    assert list(bench.store.names()) == []


def test_memory_stays_flat_however_large_the_object(sealed):
    piece, count = os.urandom(CHUNK), 200
    tracemalloc.start()
    try:
        writer = sealed.create(KEY)
        for _ in range(count):
            writer.write(piece)
        stored = writer.finish()
        length = sum(len(chunk) for chunk in sealed.read(stored.name, KEY, sha256=stored.sha256))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == count * CHUNK
    assert peak < 12 * CHUNK, f"{peak / CHUNK:.1f} MiB"


# ── data keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def vault(tmp_path) -> Vault:
    return Vault(FileMasterKey(tmp_path / "keys"), remember=4)


def test_a_sealed_value_opens_only_where_it_was_sealed(vault, database):
    with database.write() as session:
        one, two = vault.new_key(session), vault.new_key(session)
        sealed = vault.seal_text(session, one.id, "items.title", "张伟")
        assert "张伟".encode() not in sealed
        assert vault.open_text(session, one.id, "items.title", sealed) == "张伟"
        for key, context, value in (
            (two.id, "items.title", sealed),
            (one.id, "parties.name", sealed),
            (one.id, "items.title", sealed[:-1]),
            (one.id, "items.title", b""),
            (one.id, "items.title", bytes([sealed[0] ^ 1]) + sealed[1:]),
        ):
            with pytest.raises(IntegrityError):
                vault.open(session, key, context, value)


def test_a_destroyed_key_opens_nothing_although_it_was_remembered(vault, database):
    with database.write() as session:
        key = vault.new_key(session)
        sealed = vault.seal(session, key.id, "c", b"content")
    with database.write() as session:
        session.get_one(DataKey, key.id).wrapped = None
    with database.read() as session, pytest.raises(NotFound, match="destroyed"):
        vault.open(session, key.id, "c", sealed)


def test_another_master_key_opens_nothing_and_says_what_to_do(vault, database, tmp_path):
    with database.write() as session:
        key = vault.new_key(session)
    stranger = Vault(FileMasterKey(tmp_path / "other"))
    with database.read() as session, pytest.raises(IntegrityError, match="key folder"):
        stranger.key(session, key.id)


def test_more_threads_than_remembered_keys(vault, database):
    """Keys fall out of memory while others are looked up."""
    with database.write() as session:
        ids = [vault.new_key(session).id for _ in range(12)]
    failures = []

    def look(seed: int) -> None:
        try:
            with database.read() as session:
                for step in range(300):
                    vault.key(session, ids[(seed * 5 + step * 7) % len(ids)])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_secret_is_made_once_and_kept(tmp_path):
    path = tmp_path / "keys" / "master.key"
    secret = secret_file(path)
    assert len(secret) == 32 and secret_file(path) == secret
    assert path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["master.key"]


def test_a_new_secret_is_durable_before_it_is_used(tmp_path, monkeypatch):
    """Whatever is written under a key that a power cut takes away is lost for good."""
    synced, fsync = [], os.fsync

    def record(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    secret_file(tmp_path / "keys" / "master.key")
    assert synced[0].startswith("master.key.") and synced[1:] == ["keys", tmp_path.name]


def test_of_many_that_start_at_once_all_get_one_secret(tmp_path):
    path, found, barrier = tmp_path / "keys" / "master.key", set(), threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        found.add(secret_file(path))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_a_damaged_secret_is_refused_and_not_replaced(tmp_path):
    path = tmp_path / "master.key"
    path.write_bytes(b"short")
    with pytest.raises(IntegrityError, match="damaged"):
        secret_file(path)
    assert path.read_bytes() == b"short"
