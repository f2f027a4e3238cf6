"""A store that is one of two: what is damaged in it is put right, with no moment in which the object is not there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.kernel.ids import new_id
from tests.contract.stores import Bench, local, s3
from tests.contract.test_blob_stores import put, read


@pytest.fixture(params=[pytest.param(local, id="local"), pytest.param(s3, id="s3", marks=pytest.mark.cluster)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with request.param(tmp_path / "objects") as bench:
        yield bench


def test_what_is_damaged_is_replaced_and_until_then_stands(bench, store):
    name = new_id()
    put(store, name, b"as it was")
    bench.tamper(name, b"as it wos")
    writer = store.replace(name)
    writer.write(b"as it ")
    writer.write(b"was")
    assert read(store, name) == b"as it wos"
    writer.commit()
    writer.abort()  # which comes too late
    assert read(store, name) == b"as it was" and list(store.names()) == [name]
    store.delete(name)
    assert not store.exists(name)


def test_what_is_lost_is_replaced(store):
    name = new_id()
    writer = store.replace(name)
    writer.write(b"x")
    writer.commit()
    assert read(store, name) == b"x"


def test_a_replacement_that_is_given_up_leaves_nothing(store):
    name = new_id()
    put(store, name, b"x")
    writer = store.replace(name)
    writer.write(b"y" * 20_000_000)
    writer.abort()
    assert read(store, name) == b"x" and list(store.names()) == [name]
    assert store.sweep(timedelta(0)) == 0
