"""Fixity: every stored object is read again, and what is not what was stored is found."""

import errno
import json
import secrets

import pytest

from services.custody.fixity.service import Finding, Tally, verify_all
from services.custody.fixity.tables import Result
from services.kernel.blobs.sealed import CHUNK
from services.kernel.errors import Unavailable
from services.kernel.tables import Blob


@pytest.fixture
def stored(desk):
    """Names of objects of several sizes, each with its row."""
    names, kernel = [], desk.kernel
    for size in (0, 1, 5000, CHUNK + 7, 100):
        key = secrets.token_bytes(32)
        put = kernel.objects.put(key, secrets.token_bytes(size))
        with kernel.database.write() as session:
            session.add(
                Blob(
                    key_id=kernel.vault.adopt_key(session, key).id,
                    name=put.name,
                    sha256=put.sha256,
                    stored_sha256=put.stored_sha256,
                    size=put.size,
                    media_type="application/octet-stream",
                )
            )
        names.append(put.name)
    return names


def run(desk) -> tuple[list[Finding], Tally]:
    tally = Tally()
    return list(verify_all(desk.kernel, desk.archive.copies, tally)), tally


def damage(name: str, reason: str) -> Finding:
    return Finding(name, Result.DAMAGED, {"primary": reason})


def last_run(desk) -> dict:
    return json.loads(desk.ledger("fixity.run")[-1].data)


def path(desk, name):
    return desk.kernel.objects.store._path(name)


def test_a_whole_store_is_whole(desk, stored):
    damages, tally = run(desk)
    assert (damages, tally.objects, tally.damaged) == ([], 5, 0)
    entry = last_run(desk)
    assert (entry["result"], entry["details"]) == ("ok", {"objects": 5, "repaired": 0, "damaged": 0})


def test_an_empty_store(desk):
    assert run(desk) == ([], Tally())


@pytest.mark.parametrize("which", range(5))
def test_one_flipped_bit_is_found_wherever_it_is(desk, stored, which):
    file = path(desk, stored[which])
    whole = file.read_bytes()
    for place in (0, 3, len(whole) // 2, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << secrets.randbelow(8)
        file.write_bytes(flipped)
        assert run(desk)[0] == [damage(stored[which], "changed")]
    file.write_bytes(whole)
    assert run(desk)[0] == []


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: b""], ids=["cut", "longer", "empty"]
)
def test_another_length_is_found(desk, stored, change):
    file = path(desk, stored[2])
    file.write_bytes(change(file.read_bytes()))
    assert run(desk)[0] == [damage(stored[2], "changed")]


def test_exchanged_objects_are_found(desk, stored):
    one, two = path(desk, stored[1]), path(desk, stored[4])
    raw = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(raw)
    assert run(desk)[0] == [damage(stored[1], "changed"), damage(stored[4], "changed")]


def test_missing_ones_are_found_and_the_run_goes_on(desk, stored):
    desk.kernel.objects.delete(stored[0])
    desk.kernel.objects.delete(stored[3])
    damages, tally = run(desk)
    assert damages == [damage(stored[0], "missing"), damage(stored[3], "missing")]
    assert (tally.objects, tally.damaged) == (5, 2)
    assert last_run(desk)["result"] == "damaged"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), Unavailable("The store does not answer.")])
def test_a_bad_sector_ends_no_run(desk, stored, monkeypatch, error):
    (copy,) = desk.archive.copies
    store, real = copy.store, copy.store.open

    def opens(name):
        if name == stored[1]:
            raise error
        return real(name)

    monkeypatch.setattr(store, "open", opens)
    damages, tally = run(desk)
    assert damages == [damage(stored[1], "unreadable")]
    assert tally.objects == 5


def test_no_key_is_needed(desk, stored, monkeypatch):
    monkeypatch.setattr(desk.kernel.vault, "key", lambda *_: 1 / 0)
    assert run(desk)[0] == []


def test_more_objects_than_one_page_of_rows(desk, stored, monkeypatch):
    monkeypatch.setattr("services.custody.fixity.repository.ROWS", 2)
    desk.kernel.objects.delete(stored[4])
    damages, tally = run(desk)
    assert (damages, tally.objects) == ([damage(stored[4], "missing")], 5)
