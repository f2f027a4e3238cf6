"""Checkpoints: signed as the ledger grows, stored twice, never over a past that was changed. Proofs from stored subtrees."""

import random
from pathlib import Path

import pytest
from sqlalchemy import delete, event, select, update

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.db import Database
from services.kernel.errors import IntegrityError, Unavailable
from services.kernel.ledger import checkpoints, journal, outside, proofs, subtrees
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.merkle import leaf_hash, tree_of
from services.kernel.ledger.note import Signer, verify
from services.kernel.ledger.subtrees import Subtrees
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry, LedgerHead, LedgerTile
from services.kernel.ledger.write_once import WriteOnce
from tests.ledgers import grow

SIGNER = Signer("muniment/ledger", bytes(range(32)))
KEY = SIGNER.verifier_key


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "checkpoints")


@pytest.fixture
def signing(database, store) -> Checkpointer:
    return Checkpointer(database, SIGNER, WriteOnce(store, lock_days=1))


def signed(database: Database) -> list[LedgerCheckpoint]:
    with database.read() as session:
        return list(session.scalars(select(LedgerCheckpoint).order_by(LedgerCheckpoint.size)))


def stored(store: LocalBlobStore) -> list[str]:
    return [store._path(name).read_text() for name in sorted(store.names()) if name.startswith("checkpoint-")]


def data_of(database: Database) -> list[bytes]:
    with database.read() as session:
        return list(session.scalars(select(LedgerEntry.data).order_by(LedgerEntry.position)))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(checkpoints, "time", clock)
    return clock


# ── when ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_minute_with_a_change_is_signed_and_one_without_is_not(database, signing, clock):
    grow(database, 3)
    signing.tick()
    assert [each.size for each in signed(database)] == [3]
    grow(database, 1)
    for _ in range(59):
        clock.seconds += 1
        signing.tick()
    assert [each.size for each in signed(database)] == [3]
    clock.seconds += 1
    signing.tick()
    assert [each.size for each in signed(database)] == [3, 4]
    for _ in range(200):
        clock.seconds += 1
        signing.tick()
    assert [each.size for each in signed(database)] == [3, 4]
    grow(database, 1)
    signing.tick()
    assert [each.size for each in signed(database)] == [3, 4, 5], "what comes after a quiet while waits for nothing"


def test_a_thousand_entries_are_signed_within_the_minute(database, signing, clock):
    grow(database, 1)
    signing.tick()
    grow(database, checkpoints.EVERY_ENTRIES - 1)
    signing.tick()
    assert len(signed(database)) == 1
    grow(database, 1)
    signing.tick()
    assert [each.size for each in signed(database)] == [1, 1001]


def test_a_ledger_that_was_never_signed_is_caught_up_with_in_steps(database, signing, clock, monkeypatch):
    monkeypatch.setattr(checkpoints, "MOST_ENTRIES", 700)
    grow(database, 1800)
    for _ in range(3):
        signing.tick()
        clock.seconds += 60
    assert [each.size for each in signed(database)] == [700, 1400, 1800]
    data = data_of(database)
    for each in signed(database):
        told = verify(each.note, KEY)
        assert (told.size, told.root) == (each.size, tree_of(data[: each.size]).root)


# ── where ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_checkpoint_lies_in_the_write_once_store_as_it_was_signed(database, signing, store, clock):
    for _ in range(3):
        grow(database, 2)
        signing.tick()
        clock.seconds += 60
    rows = signed(database)
    assert stored(store) == [each.note for each in rows]
    assert all(each.stored for each in rows)
    assert sorted(store.names())[0] == "checkpoint-000000000000002"
    assert {store._path(name).stat().st_mode & 0o777 for name in store.names()} == {0o400}


def test_a_store_that_is_away_gets_it_later(database, signing, store, clock, monkeypatch):
    grow(database, 1)
    with monkeypatch.context() as away:
        away.setattr(store, "create", lambda name: (_ for _ in ()).throw(Unavailable("away")))
        signing.tick()
    assert [each.stored for each in signed(database)] == [False]
    signing.tick()
    assert [each.stored for each in signed(database)] == [True]
    assert stored(store) == [signed(database)[0].note]


def test_one_that_lies_there_is_never_written_again(database, signing, store, clock):
    grow(database, 1)
    signing.tick()
    with database.write() as session:
        session.execute(update(LedgerCheckpoint).values(stored=False))
    signing.tick()
    assert [each.stored for each in signed(database)] == [True]
    assert stored(store) == [signed(database)[0].note]


def test_two_that_sign_at_once_sign_the_same(database, signing, store):
    grow(database, 5)
    other = Checkpointer(database, SIGNER, WriteOnce(store, lock_days=1))
    assert signing.sign() == 5
    assert other.sign() is None
    signing.tick()
    other.tick()
    assert [each.size for each in signed(database)] == [5]


# ── what is not signed ────────────────────────────────────────────────────────────────────────────────────────────────────


def rewrite(database: Database, position: int) -> None:
    """As an administrator would who knows how the ledger is made."""
    with database.write() as session:
        entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.position)).all()
        entries[position].data = entries[position].data.replace(b"page.read", b"page.skip")
        entries[position].leaf_hash = leaf_hash(entries[position].data)
        head = session.get_one(LedgerHead, journal.HEAD)
        head.peaks = tree_of([each.data for each in entries]).to_bytes()


def cut(database: Database, size: int) -> None:
    with database.write() as session:
        session.execute(delete(LedgerEntry).where(LedgerEntry.position >= size))
        head = session.get_one(LedgerHead, journal.HEAD)
        head.size = size
        head.peaks = tree_of(session.scalars(select(LedgerEntry.data).order_by(LedgerEntry.position))).to_bytes()


def test_a_past_that_was_rewritten_with_its_head_is_not_signed(database, signing):
    grow(database, 20)
    signing.sign()
    rewrite(database, 7)
    grow(database, 5)
    with pytest.raises(IntegrityError):
        signing.sign()
    assert [each.size for each in signed(database)] == [20]


def test_a_tail_that_was_cut_is_noticed_whether_or_not_something_follows(database, signing, clock, capsys):
    grow(database, 20)
    signing.sign()
    cut(database, 15)
    with pytest.raises(IntegrityError):
        signing.sign()
    grow(database, 30, "text.read")
    with pytest.raises(IntegrityError):
        signing.sign()
    signing.tick()
    assert [each.size for each in signed(database)] == [20]


def test_entries_that_were_changed_before_anybody_signed_them_are_found_by_the_head(database, signing):
    grow(database, 8)
    with database.write() as session:
        entry = session.get_one(LedgerEntry, 3)
        entry.data = entry.data.replace(b"page.read", b"page.skip")
        entry.leaf_hash = leaf_hash(entry.data)
    with pytest.raises(IntegrityError, match="root of its head"):
        signing.sign()


@pytest.mark.parametrize("change", ["data", "leaf", "gone"])
def test_an_entry_that_is_not_what_was_entered_is_not_signed(database, signing, change):
    grow(database, 8)
    with database.write() as session:
        entry = session.get_one(LedgerEntry, 3)
        if change == "data":
            entry.data += b" "
        elif change == "leaf":
            entry.leaf_hash = bytes(32)
        else:
            session.delete(entry)
    with pytest.raises(IntegrityError, match="Entry 3"):
        signing.sign()


def test_a_checkpoint_that_was_replaced_in_the_catalogue_is_no_ground_to_go_on_from(database, signing):
    grow(database, 8)
    signing.sign()
    stranger = Signer("muniment/ledger", bytes(32))
    with database.write() as session:
        row = session.get_one(LedgerCheckpoint, 8)
        row.note = stranger.sign(tree_of(data_of(database)))
    grow(database, 1)
    with pytest.raises(IntegrityError, match="not what was signed"):
        signing.sign()


def test_a_subtree_that_was_changed_is_found_before_anything_is_signed_over_it(database, signing):
    grow(database, 600)
    signing.sign()
    with database.write() as session:
        session.execute(update(LedgerTile).where(LedgerTile.position == 1).values(hash=bytes(32)))
    grow(database, 1)
    with pytest.raises(IntegrityError, match="subtrees"):
        signing.sign()


def test_a_catalogue_put_back_to_an_earlier_day_is_not_signed_over_what_lies_in_the_store(database, signing, store, clock):
    grow(database, 20)
    signing.tick()
    cut(database, 12)
    with database.write() as session:
        session.execute(delete(LedgerCheckpoint))
    grow(database, 30, "text.read")  # the archive went on, with another past
    later = Checkpointer(database, SIGNER, WriteOnce(store, lock_days=1))
    with pytest.raises(IntegrityError, match="write-once store"):
        later.sign()
    assert signed(database) == []


def test_a_catalogue_that_lost_no_entry_goes_on(database, signing, store, clock):
    grow(database, 20)
    signing.tick()
    with database.write() as session:
        session.execute(delete(LedgerCheckpoint))
    grow(database, 1)
    assert Checkpointer(database, SIGNER, WriteOnce(store, lock_days=1)).sign() == 21


# ── proofs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def narrow_tiles(monkeypatch) -> None:
    """Tiles of 4, so that three levels are full at once."""
    monkeypatch.setattr(subtrees, "HEIGHT", 2)
    monkeypatch.setattr(subtrees, "WIDTH", 4)


def test_proofs_from_stored_subtrees_are_those_of_the_definition(database, narrow_tiles):
    grow(database, 150)
    data = data_of(database)
    leaves = [leaf_hash(each) for each in data]
    with database.write() as session:
        subtrees.fill(session, 37)
        subtrees.fill(session, 141)
        levels = {level: Subtrees(session).stored(level) for level in (1, 2, 3, 4)}
    assert levels == {1: 35, 2: 8, 3: 2, 4: 0}
    with database.read() as session:
        kept = Subtrees(session)
        for size in (1, 2, 3, 63, 64, 65, 128, 140, 141, 149, 150):
            tree = tree_of(data[:size])
            assert kept.tree(0, size) == tree
            for index in random.Random(size).sample(range(size), min(size, 25)):
                path = kept.inclusion(index, size)
                assert path == [tree_of(data[start:end]).root for start, end in proofs.inclusion_ranges(index, size)]
                assert proofs.includes(leaves[index], index, size, path, tree.root)
            for old in random.Random(size).sample(range(1, size + 1), min(size, 25)):
                path = kept.consistency(old, size)
                assert proofs.continues(old, tree_of(data[:old]).root, size, tree.root, path)


def test_a_proof_reads_a_bounded_part_of_the_ledger(database):
    grow(database, 3000)
    with database.write() as session:
        subtrees.fill(session, 3000)
    with database.read() as session:
        asked: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        kept = Subtrees(session)
        path = kept.inclusion(17, 3000)
        read = sum(len(tile) for tile in kept._tiles.values())
    assert proofs.includes(leaf_hash(data_of(database)[17]), 17, 3000, path, tree_of(data_of(database)).root)
    assert read <= 3 * subtrees.WIDTH, "one tile of entries, the ragged end, and one of subtrees"
    assert len(asked) < 10


def test_an_entry_that_is_gone_is_told_of_and_not_proven_around(database):
    grow(database, 40)
    with database.write() as session:
        session.delete(session.get_one(LedgerEntry, 20))
    with database.read() as session, pytest.raises(IntegrityError, match="no entry 20"):
        Subtrees(session).inclusion(21, 40)


# ── the entries outside ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_entries_lie_beside_the_checkpoint_that_vouches_for_them(database, signing, store, clock):
    for count in (3, 2, 700):
        grow(database, count)
        clock.seconds += 60
        signing.tick()
    data = data_of(database)
    assert list(outside.entries(store, 0)) == data
    assert list(outside.entries(store, 4)) == data[4:]
    assert list(outside.entries(store, len(data))) == []
    assert tree_of(list(outside.entries(store, 0))).root == verify(stored(store)[-1], KEY).root


def test_a_gap_among_them_ends_what_there_is(database, signing, store, clock):
    for _ in range(3):
        grow(database, 2)
        clock.seconds += 60
        signing.tick()
    (second,) = [name for name in store.names() if name.startswith("entries-000000000000002")]
    store.delete(second)
    assert list(outside.entries(store, 0)) == data_of(database)[:2]
    assert list(outside.entries(store, 4)) == data_of(database)[4:]


def test_what_a_writer_left_who_died_is_in_nobody_s_way_for_ever(database, signing, store, clock):
    grow(database, 2)
    left = store.create("entries-000000000000000-000000000000002")
    signing.tick()
    assert stored(store) == [], "no checkpoint without its entries"
    left.abort()
    clock.seconds += 60
    signing.tick()
    assert len(stored(store)) == 1
