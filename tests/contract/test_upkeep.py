"""What the dead left in the stores goes; nothing else ever does."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

import pytest

from services.kernel.blobs import upkeep
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.orphans import enter
from services.kernel.blobs.sealed import SealedStore
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.ledger import journal
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.model import Role
from services.kernel.tables import DataKey

NOW = timedelta(0)
KEY = bytes(32)


@pytest.fixture
def objects(tmp_path) -> SealedStore:
    return SealedStore(LocalBlobStore(tmp_path / "objects"))


@pytest.fixture
def catalogue(database) -> Database:
    """One that has begun."""
    with database.write() as session:
        journal.append(session, "archive.begin", actor=None)
    time.sleep(0.002)  # a name tells milliseconds
    return database


def kept(catalogue: Database, objects: SealedStore) -> str:
    stored = objects.put(KEY, b"page")
    with catalogue.write() as session:
        key = DataKey(master="m", wrapped=KEY)
        session.add(key)
        session.flush()
        enter(session, stored, key.id, "image/jpeg")
    return stored.name


def of_another_day(objects: SealedStore, days: int) -> str:
    """An object that was begun so many days ago, by its name."""
    number = UUID(new_id()).int - (days * 86_400_000 << 80)
    name = str(UUID(int=number))
    writer = objects.store.create(name)
    writer.write(b"x")
    writer.commit()
    return name


def left(objects: SealedStore) -> set[str]:
    return set(objects.store.names())


def test_what_no_row_names_goes_and_is_on_the_ledger(catalogue, objects):
    page, orphan = kept(catalogue, objects), objects.put(KEY, b"killed").name
    assert left(objects) == {page, orphan}
    assert upkeep.clear(catalogue, objects) == 0, "its row may be on its way"
    assert upkeep.clear(catalogue, objects, NOW) == 1
    assert left(objects) == {page}
    assert upkeep.clear(catalogue, objects, NOW) == 0
    with catalogue.read() as session:
        assert [each.act for each in session.query(LedgerEntry).order_by(LedgerEntry.position)][1:] == ["objects.sweep"]


def test_what_is_older_than_the_catalogue_is_another_s(catalogue, objects):
    name = of_another_day(objects, 2)
    assert upkeep.clear(catalogue, objects) == 0
    assert left(objects) == {name}


def test_a_catalogue_without_a_beginning_removes_nothing(database, objects):
    name = objects.put(KEY, b"x").name
    assert upkeep.clear(database, objects, NOW) == 0
    assert left(objects) == {name}


def test_too_many_are_not_what_the_dead_left(catalogue, objects, monkeypatch):
    """A catalogue that was put back to an earlier day, or belongs to other objects."""
    monkeypatch.setattr(upkeep, "MOST", 2)
    names = {objects.put(KEY, b"x").name for _ in range(3)}
    assert upkeep.clear(catalogue, objects, NOW) == 0
    assert left(objects) == names


def test_a_name_that_tells_no_time_is_nobody_s_to_take(catalogue, objects):
    writer = objects.store.create("checkpoint-0001")
    writer.write(b"x")
    writer.commit()
    assert upkeep.clear(catalogue, objects, NOW) == 0
    assert left(objects) == {"checkpoint-0001"}


def test_it_is_done_once_a_day_by_a_worker_that_may(desk, monkeypatch):
    monkeypatch.setattr(upkeep.clear, "__defaults__", (NOW,))
    desk.person(Role.CLERK)  # the catalogue begins
    time.sleep(0.002)
    orphan = desk.kernel.objects.put(KEY, b"killed").name
    for _ in range(3):
        upkeep.order(desk.kernel.database)
    assert desk.work() == 1
    assert orphan not in desk.objects()
