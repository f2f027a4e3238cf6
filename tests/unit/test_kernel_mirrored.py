"""Two stores as one, where one of them fails."""

import io
from contextlib import AbstractContextManager
from typing import BinaryIO

import pytest

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.errors import Conflict, InvalidInput, NotFound, Unavailable
from services.kernel.ids import new_id

AWAY = Unavailable("The store is away.")


class Failing(LocalBlobStore):
    """A store whose calls named in ``fail`` raise; ``lies`` is given back instead of what was written."""

    fail: frozenset[str] = frozenset()
    lies: bytes | None = None

    def _check(self, call: str) -> None:
        if call in self.fail:
            raise AWAY

    def create(self, name: str) -> "FailingWriter":
        self._check("create")
        return FailingWriter(self, super().create(name))

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        self._check("open")
        return super().open(name) if self.lies is None else io.BytesIO(self.lies)

    def delete(self, name: str) -> None:
        self._check("delete")
        super().delete(name)

    def reachable(self) -> bool:
        return "reachable" not in self.fail

    def readable(self) -> bool:
        self._check("readable")
        return True


class FailingWriter:
    def __init__(self, store: Failing, inner) -> None:
        self.store, self.inner = store, inner
        self.abort = inner.abort

    def write(self, data: bytes) -> None:
        self.store._check("write")
        self.inner.write(data)

    def commit(self) -> None:
        self.store._check("commit")
        self.inner.commit()


@pytest.fixture
def primary(tmp_path) -> Failing:
    return Failing(tmp_path / "primary")


@pytest.fixture
def copy(tmp_path) -> Failing:
    return Failing(tmp_path / "copy")


@pytest.fixture
def store(primary, copy) -> MirroredBlobStore:
    return MirroredBlobStore(primary, copy)


def put(store: MirroredBlobStore, name: str, content: bytes = b"content") -> None:
    writer = store.create(name)
    writer.write(content)
    writer.commit()


def read(store: MirroredBlobStore, name: str) -> bytes:
    with store.open(name) as source:
        return source.read()


def files(tmp_path) -> list[str]:
    return [str(path) for path in tmp_path.rglob("*") if path.is_file()]


def test_what_is_committed_lies_in_both(store, primary, copy):
    name = new_id()
    put(store, name)
    assert read(primary, name) == read(copy, name) == b"content"


@pytest.mark.parametrize("which", ["primary", "copy"])
@pytest.mark.parametrize("call", ["create", "write", "commit", "open"])
def test_where_one_fails_neither_keeps_anything(store, request, tmp_path, which, call):
    request.getfixturevalue(which).fail = frozenset({call})
    with pytest.raises(Unavailable):
        put(store, new_id())
    assert files(tmp_path) == []


@pytest.mark.parametrize("which", ["primary", "copy"])
@pytest.mark.parametrize("lies", [b"", b"conten", b"Content", b"contents"], ids=repr)
def test_what_does_not_read_back_as_written_is_not_stored(store, request, tmp_path, which, lies):
    request.getfixturevalue(which).lies = lies
    with pytest.raises(Unavailable, match="does not give back"):
        put(store, new_id())
    assert files(tmp_path) == []


def test_a_withdrawal_that_fails_leaves_an_object_that_is_seen(store, primary, copy):
    name = new_id()
    primary.fail, copy.fail = frozenset({"commit"}), frozenset({"delete"})
    with pytest.raises(Unavailable):
        put(store, name)
    assert list(store.names()) == [name], "so that what no row names can be found"


@pytest.mark.parametrize("cause", ["lost", "away"])
def test_reading_falls_back_to_the_copy(store, primary, cause):
    name = new_id()
    put(store, name)
    if cause == "lost":
        primary.delete(name)
    else:
        primary.fail = frozenset({"open"})
    assert read(store, name) == b"content"
    assert store.exists(name)
    assert list(store.names()) == [name]


def test_what_neither_has_is_what_the_primary_says(store, primary):
    with pytest.raises(NotFound):
        store.open(new_id())
    primary.fail = frozenset({"open"})
    with pytest.raises(Unavailable):
        store.open(new_id())


@pytest.mark.parametrize("which", ["primary", "copy"])
def test_delete_tries_both_and_tells_when_one_stays(store, primary, copy, request, which):
    name, failing = new_id(), request.getfixturevalue(which)
    put(store, name)
    failing.fail = frozenset({"delete"})
    with pytest.raises(Unavailable):
        store.delete(name)
    other = copy if failing is primary else primary
    assert not other.exists(name)
    assert store.exists(name), "destruction is not complete"
    failing.fail = frozenset()
    store.delete(name)
    assert not store.exists(name)


def test_a_name_that_one_has_is_taken(store, primary, copy):
    for taken in (primary, copy):
        name = new_id()
        put(taken, name, b"first")
        with pytest.raises(Conflict):
            put(store, name, b"second")
        assert read(taken, name) == b"first"
        assert [each.exists(name) for each in (primary, copy)] == [taken is primary, taken is copy]


def test_ready_when_both_are(store, primary, copy):
    assert store.reachable()
    for failing in (primary, copy):
        failing.fail = frozenset({"reachable"})
        assert not store.reachable()
        failing.fail = frozenset()


def test_ready_to_give_out_when_one_is(store, primary, copy):
    for failing in (primary, copy):
        failing.fail = frozenset({"readable"})
        assert store.readable()
        failing.fail = frozenset()
    primary.fail = copy.fail = frozenset({"readable"})
    assert not store.readable()


def test_a_name_that_is_none_is_refused(store):
    with pytest.raises(InvalidInput):
        store.create("../up")
