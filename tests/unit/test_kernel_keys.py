"""Data keys, the master key, and values sealed under them."""

import base64
import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from services.kernel.blobs.halves import MARK, PublicHalf, expand
from services.kernel.blobs.keys import FileMasterKey, Vault, secret_file
from services.kernel.errors import IntegrityError, NotFound, Withheld
from services.kernel.tables import DataKey

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


# ── the two halves of the master ──────────────────────────────────────────────────────────────────────────────────────────

WRAPPED = json.loads((Path(__file__).parents[1] / "data/wrapped_keys.json").read_text())
"""What was written by the first version of each form."""


def test_keys_follow_from_a_seed_as_in_x_wing():
    """The first vector of its draft, as far as the public key of ML-KEM begins."""
    mlkem, _ = expand(bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"))
    assert (
        mlkem.public_key().public_bytes_raw().hex().startswith("e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14")
    )


@pytest.fixture
def written(tmp_path) -> FileMasterKey:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/master.key").write_bytes(bytes.fromhex(WRAPPED["master"]))
    return FileMasterKey(tmp_path / "old")


@pytest.mark.parametrize("form", ["aes_key_wrap", "hpke"])
def test_every_form_that_was_ever_written_opens(written, form):
    wrapped = bytes.fromhex(WRAPPED[form]) if form == "aes_key_wrap" else base64.b64decode(WRAPPED[form])
    assert written.unwrap(wrapped).hex() == WRAPPED["key"]


def test_an_older_folder_is_given_the_public_half_and_always_the_same(written, tmp_path):
    public = (tmp_path / "old/master.pub").read_bytes()
    assert hashlib.sha256(public).hexdigest() == WRAPPED["public_sha256"]
    assert (tmp_path / "old/master.pub").stat().st_mode & 0o777 == 0o600


def test_what_the_public_half_wraps_the_master_opens_and_no_other(written, tmp_path):
    half, key = PublicHalf((tmp_path / "old/master.pub").read_bytes()), bytes(range(32))
    one, two = half.wrap(key), half.wrap(key)
    assert one != two and key not in one
    assert written.unwrap(one) == written.unwrap(two) == key
    with pytest.raises(Withheld):
        half.unwrap(one)
    with pytest.raises(IntegrityError):
        FileMasterKey(tmp_path / "other").unwrap(one)
    for at in (0, len(MARK), len(MARK) + 1, len(MARK) + 1100, len(one) - 1):
        with pytest.raises(IntegrityError):
            written.unwrap(one[:at] + bytes([one[at] ^ 1]) + one[at + 1 :])
    for length in (0, 3, len(MARK), 40, 1000, len(one) - 1):
        with pytest.raises(IntegrityError):
            written.unwrap(one[:length])


def test_a_damaged_public_half_is_told():
    with pytest.raises(IntegrityError, match="Copy it anew"):
        PublicHalf(bytes(100))


def test_who_has_the_public_half_opens_what_it_took_in_until_its_unit_of_work_ends(database, written, tmp_path):
    vault = Vault(PublicHalf((tmp_path / "old/master.pub").read_bytes()))
    with database.write() as session:
        key = vault.new_key(session)
        sealed = vault.seal_text(session, key.id, "files.name", "张伟.pdf")
        assert vault.open_text(session, key.id, "files.name", sealed) == "张伟.pdf"
    with database.read() as session, pytest.raises(Withheld):
        vault.open_text(session, key.id, "files.name", sealed)
    with database.read() as session:
        assert Vault(written).open_text(session, key.id, "files.name", sealed) == "张伟.pdf"


def test_an_adopted_key_that_is_destroyed_in_the_same_unit_of_work_is_gone(vault, database):
    with database.write() as session:
        key = vault.new_key(session)
        key.wrapped = None
        with pytest.raises(NotFound, match="destroyed"):
            vault.key(session, key.id)
