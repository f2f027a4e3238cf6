"""A restored archive: whole, without what was destroyed, and shut as long as that is not known (hard cases 5 and 6)."""

import shutil

import pytest
from sqlalchemy import select

from services import app as composition
from services.custody.backups import making
from services.custody.backups.tables import Backup
from services.kernel import tombstones
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.write_once import WriteOnce
from services.kernel.model import ItemState, Role
from services.kernel.seal import Sealed
from services.kernel.tables import DataKey, Item
from tests.restores import destroy, empty_place, made

KEPT, GONE = "房屋租赁合同\n出租人：张小伟", "房屋租赁合同\n出租人：李建国"


@pytest.fixture
def items(desk):
    clerk = desk.client(Role.CLERK)
    return desk.item(clerk, KEPT, "第二页"), desk.item(clerk, GONE)


@pytest.fixture
def place(desk, tmp_path):
    with empty_place(desk, tmp_path) as place:
        yield place


def signed(desk):
    making.sign(desk.kernel, desk.archive.backups())


def outside(desk):
    return desk.settings.data.with_name("data.ledger")


def found(desk, question):
    hits = desk.client(Role.ARCHIVIST).get("/api/v1/search", params={"q": question})
    return [hit["item_id"] for hit in hits.raise_for_status().json()["hits"]]


def test_rule_21_an_archive_comes_back_as_it_was(desk, items, place):
    made(desk)
    code, told, refusal = place.restore()
    assert (code, refusal, told["problems"], told["destroyed"]) == (0, "", [], 0)
    back = place.opened()
    archivist = back.client(Role.ARCHIVIST)
    for item, text in zip(items, (KEPT, GONE), strict=True):
        assert archivist.get(f"/api/v1/items/{item}/text").raise_for_status().json()["pages"][0]["text"] == text
        pdf = desk.client(Role.ARCHIVIST).get(f"/api/v1/items/{item}").json()
        assert archivist.get(f"/api/v1/items/{item}").json() == pdf
    assert found(back, "张小伟") == [items[0]]
    before, after = [entry.data for entry in desk.ledger()], [entry.data for entry in back.ledger()]
    signed_before = [each for each in before if each in after]
    assert after[: len(signed_before)] == signed_before, "the ledger goes on where it was signed last"
    assert b"backup.restore" in b"".join(after)
    with back.kernel.database.read() as session:
        assert session.scalars(select(Backup.state)).all() == ["done"]
    back.close()


def test_case_05_what_was_destroyed_after_the_backup_does_not_come_back(desk, items, place):
    made(desk)
    names = destroy(desk, items[1])
    signed(desk)
    code, told, _ = place.restore()
    assert (code, told["destroyed"]) == (0, 1)
    back = place.opened()
    archivist = back.client(Role.ARCHIVIST)
    assert archivist.get(f"/api/v1/items/{items[1]}").status_code == 404
    assert found(back, "李建国") == []
    assert found(back, "张小伟") == [items[0]]
    assert not set(names) & set(back.objects())
    with back.kernel.database.read() as session:
        item = session.get_one(Item, items[1])
        assert (item.state, item.title_sealed) == (ItemState.DESTROYED, None)
        assert session.get_one(DataKey, item.key_id).wrapped is None
        assert session.scalars(select(tombstones.Tombstone.item_id)).all() == [items[1]]
    assert [entry.item_id for entry in back.ledger("item.destroying")] == [items[1]], "the ledger was carried on"
    with back.kernel.database.write() as session:
        stone = tombstones.raise_for(session, items[0], batch="0" * 36, keys=[], objects=[], files=[], actor=None)
    tombstones.lay_down(back.archive.checkpoints, stone)
    assert [each.number for each in tombstones.outside(back.archive.checkpoints)] == [1, 2]
    back.close()


def test_case_05_a_destruction_of_the_last_minute_is_known_by_its_tombstone(desk, items, place):
    made(desk)
    destroy(desk, items[1])
    code, told, _ = place.restore()
    assert (code, told["destroyed"], told["unentered"]) == (0, 1, [1])
    back = place.opened()
    assert found(back, "李建国") == []
    assert b'"tombstones":[1]' in back.ledger("backup.restore")[-1].data, "its own entry is lost, and this one stands for it"
    back.close()


def test_case_05_a_key_that_was_destroyed_is_in_no_backup_that_is_newer(desk, items, place):
    first = made(desk)
    destroy(desk, items[1])
    made(desk)
    places = desk.archive.backups()
    places.keys.remove(first.id)
    code, told, _ = place.restore("--backup", first.id)
    assert (code, told["problems"]) == (0, []), "the newer backup of the keys has all that an older catalogue needs"
    assert told["destroyed"] == 1
    back = place.opened()
    assert found(back, "张小伟") == [items[0]]
    back.close()


# ── case 6: shut ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(place, *options):
    code, _, message = place.restore(*options)
    assert code == 3
    with pytest.raises(Sealed) as caught:
        composition.build(place.settings)
    assert message in caught.value.detail, "whoever starts it is told the same"
    return message


def test_case_06_without_the_ledger_the_doors_stay_shut(desk, items, place, tmp_path):
    made(desk)
    destroy(desk, items[1])
    (tmp_path / "empty").mkdir()
    message = refused(place, "--ledger-from", str(tmp_path / "empty"))
    assert "no ledger outside" in message
    assert "--ledger-from" in message
    code, told, _ = place.restore()
    assert (code, told["destroyed"]) == (0, 1), "with what was missing it goes on"
    place.opened().close()


def test_case_06_a_backup_that_is_newer_than_the_ledger_at_hand(desk, items, place, tmp_path):
    made(desk)
    shutil.copytree(outside(desk), tmp_path / "old")
    destroy(desk, items[1])
    made(desk)
    assert "older than the backup" in refused(place, "--ledger-from", str(tmp_path / "old"))


@pytest.mark.parametrize("missing", ["entries-", "tombstone-"])
def test_case_06_a_ledger_with_a_hole(desk, items, place, missing):
    made(desk)
    destroy(desk, *items)
    signed(desk)
    store = LocalBlobStore(outside(desk))
    last = max(name for name in store.names() if name.startswith(missing))
    kept = store._path(last).read_bytes()
    store.delete(last)
    assert ("missing" if missing == "entries-" else "tombstones are not outside") in refused(place)
    store._path(last).write_bytes(kept)
    assert place.restore()[0] == 0


def test_case_06_a_ledger_that_was_written_anew(desk, items, place):
    made(desk)
    destroy(desk, items[1])
    signed(desk)
    store = LocalBlobStore(outside(desk))
    for name in list(store.names()):
        if name.startswith("entries-"):
            path = store._path(name)
            path.chmod(0o600)
            path.write_bytes(path.read_bytes().replace(b"item.destroying", b"item.destroyinh"))
    assert "not what was signed" in refused(place)


def test_a_restore_never_goes_into_an_archive(desk, items, place):
    made(desk)
    assert place.restore()[0] == 0
    code, _, message = place.restore()
    assert (code, "There is an archive here" in message) == (3, True)


def test_without_the_keys_nothing_is_begun(desk, items, place, tmp_path):
    made(desk)
    code, _, message = place.restore("--keys-from", str(tmp_path / "none"))
    assert (code, "backup of the keys is not there" in message) == (3, True)
    place.settings.keys_folder.joinpath("backup.key").rename(tmp_path / "backup.key")
    code, _, message = place.restore()
    assert (code, "lacks backup.key" in message) == (3, True)
    assert not place.settings.keys_folder.joinpath("backup.key").exists(), "and none is made anew"


@pytest.mark.parametrize("step", ["extend_ledger", "destroy_again", "carry_over", "end_sessions"])
def test_a_restore_that_was_broken_off_goes_on(desk, items, place, monkeypatch, step):
    from services.custody.backups import replaying

    made(desk)
    destroy(desk, items[1])
    signed(desk)
    whole = getattr(replaying, step)
    with monkeypatch.context() as patch:
        patch.setattr(replaying, step, lambda *given: (whole(*given), 1 / 0))
        with pytest.raises(AssertionError):
            place.restore()
        with pytest.raises(Sealed, match="has not ended"):
            composition.build(place.settings)
    assert place.restore()[0] == 0
    back = place.opened()
    assert found(back, "李建国") == []
    WriteOnce(back.archive.checkpoints, lock_days=1)
    Checkpointer(back.kernel.database, back.kernel.signer, WriteOnce(back.archive.checkpoints, lock_days=1)).sign()
    back.close()


@pytest.mark.cluster
def test_from_one_database_into_the_other(desk, items, tmp_path):
    """The gate and the rows are the same, whatever they go into."""
    made(desk)
    destroy(desk, items[1])
    with empty_place(desk, tmp_path, other=True) as place:
        assert place.restore()[0] == 0
        back = place.opened()
        assert back.kernel.database.engine.dialect.name != desk.kernel.database.engine.dialect.name
        assert found(back, "张小伟") == [items[0]]
        assert found(back, "李建国") == []
        back.close()


# ── by the processes that do it ───────────────────────────────────────────────────────────────────────────────────────────


def test_over_http_backups_are_seen_and_asked_for(desk, items):
    archivist, url = desk.client(Role.ARCHIVIST), "/api/v1/custody/backups"
    assert archivist.get(url).raise_for_status().json()["backups"] == []
    assert archivist.post(url).status_code == 202
    assert archivist.post(url).json() == {"asked": False}, "one is enough"
    desk.work()
    (row,) = archivist.get(url).raise_for_status().json()["backups"]
    assert (row["state"], row["kept"], row["verify_problems"]) == ("done", True, [])
    assert desk.ledger("backup.ask")[0].actor is not None
    assert desk.client(Role.AUDITOR).get(url).status_code == 200
    for role in (Role.CLERK, Role.STAFF, Role.WITNESS):
        assert desk.client(role).get(url).status_code == 403
    for role in (Role.AUDITOR, Role.COMPANY_LEADER, Role.CLERK):
        assert desk.client(role).post(url).status_code == 403
    figures = desk.client(Role.AUDITOR).get("/metrics").text
    assert "muniment_backup_age_seconds " in figures
    assert "muniment_backup_verified_failed 0.0" in figures
