"""Tombstones: raised in order, laid down outside once, missed when one is gone."""

import os

import pytest

from services.kernel import migrations, tombstones
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.db import Database
from services.kernel.errors import IntegrityError, Unavailable
from services.kernel.ledger.tables import LedgerEntry


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'catalogue.db'}")
    migrations.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def store(tmp_path):
    return LocalBlobStore(tmp_path / "outside")


def raised(database: Database, count: int) -> list[tombstones.Tombstone]:
    with database.write() as session:
        return [
            tombstones.raise_for(
                session,
                f"item-{each}",
                batch="batch-1",
                keys=[f"key-{each}"],
                objects=[[f"name-{each}", "ab" * 32]],
                files=[],
                actor=None,
            )
            for each in range(count)
        ]


def test_numbers_have_no_gap_and_the_ledger_names_keys_and_objects(database):
    rows = raised(database, 3)
    assert [row.number for row in rows] == [1, 2, 3]
    with database.read() as session:
        assert tombstones.newest(session) == 3
        entry = session.get_one(LedgerEntry, rows[1].position)
        assert (entry.act, entry.item_id) == ("item.destroying", "item-1")
        assert b'"keys":["key-1"]' in entry.data and b'"objects":["name-1"]' in entry.data


def test_what_lies_outside_is_read_back_as_it_was(database, store):
    rows = raised(database, 2)
    for row in (*rows, *rows):  # a second time does nothing
        tombstones.lay_down(store, row)
    back = list(tombstones.outside(store))
    assert [tombstones.to_bytes(row) for row in back] == [tombstones.to_bytes(row) for row in rows]
    assert all(row.outside for row in back)


def test_what_a_writer_left_half_written_is_swept_before_it_is_laid_down(database, store):
    (row,) = raised(database, 1)
    left = store.create(row.name)  # by whoever died over it
    left.write(b"half")
    with pytest.raises(Unavailable):
        tombstones.lay_down(store, row)
    (path,) = store.folder.glob("*/*.part")
    os.utime(path, (0, 0))
    with pytest.raises(Unavailable):
        tombstones.lay_down(store, row)
    tombstones.lay_down(store, row)
    assert [each.number for each in tombstones.outside(store)] == [1]


def test_one_that_is_missing_or_damaged_outside_is_seen(database, store):
    rows = raised(database, 3)
    for row in rows:
        tombstones.lay_down(store, row)
    store.delete(rows[1].name)
    with pytest.raises(IntegrityError, match="Tombstone 2"):
        list(tombstones.outside(store))
    rows[1].batch_id = "batch-2"
    tombstones.lay_down(store, rows[1])
    rows[1].batch_id = "batch-1"
    with pytest.raises(IntegrityError, match="Another"):
        tombstones.lay_down(store, rows[1])
    damaged = store.create("tombstone-000000000004")
    damaged.write(b"{}")
    damaged.commit()
    with pytest.raises(IntegrityError, match="cannot be read"):
        list(tombstones.outside(store))
