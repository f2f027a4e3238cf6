"""Backups: one moment, shared chunks, keys elsewhere; tried before they count (behaviour 21)."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from services.cli import app as muniment
from services.custody.backups import lawful, making, tasks, verifying
from services.custody.backups.objects import rows_of
from services.custody.backups.tables import Backup, BackupState
from services.kernel.clock import now
from services.kernel.errors import Conflict, MunimentError
from services.kernel.model import ItemState, Role
from services.kernel.policy import model, versions
from services.kernel.queue.jobs import Stopping
from services.kernel.queue.tables import Job
from services.kernel.tables import Blob, DataKey, File, Item, Rendition
from tests.desk import Desk
from tests.restores import destroy, made

PAPER = "房屋租赁合同\n出租人：张小伟"


@pytest.fixture
def item(desk: Desk) -> str:
    return desk.item(desk.client(Role.CLERK), PAPER, "第二页")


@pytest.fixture
def places(desk):
    return desk.archive.backups()


def tried(desk: Desk, **options):
    return verifying.verify(desk.kernel, desk.archive.backups(), actor=None, **options)


def path(store, name):
    return store._path(name)


def names(desk):
    with desk.kernel.database.read() as session:
        return set(session.scalars(select(Blob.name)))


def test_rule_21_a_backup_comes_back_row_by_row_and_object_by_object(desk, item, places):
    row = made(desk)
    assert (row.state, row.problems) == (BackupState.DONE, [])
    assert row.objects == len(names(desk)) > 2
    trial = tried(desk)
    assert (trial.problems, trial.objects, trial.opened) == ([], row.objects, True)
    with desk.kernel.database.read() as session:
        assert session.get_one(Backup, row.id).verified_at is not None


def test_nothing_is_stored_twice(desk, item, places):
    first = made(desk)
    chunks = set(places.catalogue._depot.chunks.names())
    second = made(desk)
    assert second.new_bytes < first.new_bytes / 3
    assert len(set(places.catalogue._depot.chunks.names()) - chunks) <= 8, "what was entered meanwhile, and no more"
    desk.item(desk.client(Role.CLERK), "一份合同")
    third = made(desk)
    assert third.objects > second.objects
    assert tried(desk).problems == []


def test_no_key_lies_with_the_catalogue_and_nothing_lies_in_plain(desk, item, places):
    made(desk)
    with desk.kernel.database.read() as session:
        wrapped = [key.wrapped for key in session.scalars(select(DataKey))]
    backup = next(places.catalogue.sets())
    assert "wrapped" not in dict(backup.table("data_keys").columns)
    kept = {row["wrapped"] for row in rows_of(places.keys, next(places.keys.sets()).table("data_keys"))}
    assert kept == set(wrapped)
    folder = desk.settings.data.with_name("data.backups")
    raw = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert not any(key in raw for key in wrapped)
    assert b"items" not in raw, "not even the name of a table"


def test_a_backup_is_one_moment(desk, item, places, monkeypatch):
    """What is written while it is made is not in it, however late its table comes."""
    whole, beats = making.dump, []

    def dump(connection, catalogue, keys, beat):
        def write_between():
            if not beats:
                beats.append(desk.person(Role.STAFF))
            beat()

        return whole(connection, catalogue, keys, write_between)

    monkeypatch.setattr(making, "dump", dump)
    made(desk)
    backup = next(places.catalogue.sets())
    people = {row["id"] for row in rows_of(places.catalogue, backup.table("people"))}
    assert beats and beats[0][0].person_id not in people
    assert tried(desk).problems == []


@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_damage_in_the_archive_is_told_and_is_not_copied(desk, item, places, harm):
    name = sorted(names(desk))[0]
    file = path(desk.kernel.objects.store, name)
    content = file.read_bytes()
    file.unlink() if harm == "missing" else file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    row = made(desk)
    assert row.state == BackupState.INCOMPLETE
    assert [problem for problem in row.problems if name in problem]
    assert not places.objects.exists(name)
    file.write_bytes(content)
    assert made(desk).state == BackupState.DONE, "the next one has it"


def harm_object(places, name):
    path(places.objects, name).write_bytes(b"something else")


def lose_object(places, name):
    places.objects.delete(name)


def harm_chunk(places, name):
    store = places.catalogue._depot.chunks
    file = path(store, next(iter(places.catalogue.read(places.catalogue.ids()[-1]).table("items").chunks)))
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def lose_keys(places, name):
    for each in places.keys.ids():
        places.keys.remove(each)


@pytest.mark.parametrize("harm", [harm_object, lose_object, harm_chunk, lose_keys])
def test_rule_21_a_backup_that_would_not_come_back_is_found_out(desk, item, places, harm):
    row = made(desk)
    harm(places, sorted(names(desk))[0])
    trial = tried(desk)
    assert trial.problems
    with desk.kernel.database.read() as session:
        assert session.get_one(Backup, row.id).verify_problems == trial.problems
    assert b'"result":"damaged"' in desk.ledger("backup.verify")[-1].data


@pytest.mark.parametrize("harm", [harm_object, lose_object, harm_chunk])
def test_what_a_trial_found_the_next_backup_mends(desk, item, places, harm):
    made(desk)
    harm(places, min(names(desk)))
    if harm is not harm_chunk:
        assert made(desk).state == BackupState.DONE, "what was there before is believed, until a trial finds it out"
    assert tried(desk).problems
    assert made(desk).state == BackupState.DONE
    assert tried(desk).problems == []


def test_a_key_of_another_archive_opens_nothing(desk, item, places):
    row = made(desk)
    other = type(places.catalogue)(places.catalogue._depot, b"\1" * 32, "catalogue")
    with pytest.raises(MunimentError, match="does not open"):
        other.read(row.id)


def test_one_at_a_time(desk, item, places):
    with making.alone(desk.kernel, places), pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.kernel.queue.leader.owner_name", lambda pid: "elsewhere~1/1/1")
        with pytest.raises(Conflict, match="being made"):
            made(desk)


def test_a_run_that_failed_is_on_record_and_the_next_goes_on(desk, item, places, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(making, "_objects", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            made(desk)
    assert places.catalogue.ids() == [], "what has no set is none"
    with desk.kernel.database.read() as session:
        (row,) = session.scalars(select(Backup)).all()
    assert (row.state, row.problems) == (BackupState.FAILED, ["ZeroDivisionError"])
    assert made(desk).state == BackupState.DONE


@pytest.mark.parametrize("beats", [1, 5, 12, 20])
def test_broken_off_anywhere_the_next_one_is_whole(desk, item, places, beats):
    left = list(range(beats))

    def beat():
        if not left:
            raise Stopping
        left.pop()

    with pytest.raises(Stopping):
        making.make(desk.kernel, replace(places, beat=beat), actor=None)
    assert made(desk).state == BackupState.DONE
    assert tried(desk).problems == []


# ── kept for a time ───────────────────────────────────────────────────────────────────────────────────────────────────────


def later(monkeypatch, **time):
    monkeypatch.setattr("services.custody.backups.pruning.now", lambda: now() + timedelta(**time))


def test_case_04_a_destroyed_key_is_in_no_backup_once_the_stated_days_are_over(desk, item, places, monkeypatch):
    first = made(desk)
    with desk.kernel.database.read() as session:
        keys = {key.id for key in session.scalars(select(DataKey))}
    gone = destroy(desk, item)
    made(desk)
    assert not any(places.objects.exists(name) for name in gone), "objects go at once, however long a backup is kept"

    def kept():
        return {row["id"] for each in places.keys.sets() for row in rows_of(places.keys, each.table("data_keys"))}

    assert kept() == keys, "for some days the older backup of the keys lives on"
    later(monkeypatch, days=8)
    made(desk)
    with desk.kernel.database.read() as session:
        left = set(session.scalars(select(DataKey.id).where(DataKey.wrapped.is_not(None))))
    assert left < keys
    assert kept() == left
    assert first.id in places.catalogue.ids(), "the catalogue's is kept for longer, and opens nothing of it"
    later(monkeypatch, days=40)
    last = made(desk)
    assert set(places.catalogue.ids()) == {last.id}
    with desk.kernel.database.read() as session:
        assert session.get_one(Backup, first.id).pruned_at is not None
    assert tried(desk).problems == []


def test_the_newest_whole_backup_is_never_thrown_away(desk, item, places, monkeypatch):
    whole, before = made(desk), names(desk)
    desk.item(desk.client(Role.CLERK), "一份合同")
    path(desk.kernel.objects.store, min(names(desk) - before)).unlink()
    later(monkeypatch, days=400)
    assert made(desk).state == BackupState.INCOMPLETE
    assert whole.id in places.catalogue.ids()


# ── locked, and not for too long ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("waiting", "days", "longest"), [(7, 3, 3), (2, 3, 2), (0, 3, None)])
def test_case_04_nothing_is_locked_beyond_its_earliest_lawful_destruction(
    desk, item, places, monkeypatch, waiting, days, longest
):
    """What is due may be destroyed as soon as its batch is; what is not, not before its waiting period has passed."""
    due = desk.item(desk.client(Role.CLERK), "一份合同")
    with desk.kernel.database.write() as session:
        session.execute(update(Item).where(Item.id == due).values(state=ItemState.DUE))
        pictures = select(Rendition.blob_id).where(Rendition.item_id == due)
        master = select(File.master_id).where(File.id == session.get_one(Item, due).file_id)
        free = set(session.scalars(select(Blob.name).where(Blob.id.in_(pictures) | Blob.id.in_(master))))
    policy = model.default()
    told = policy.model_copy(update={"destruction": policy.destruction.model_copy(update={"waiting_days": waiting})})
    monkeypatch.setattr(versions, "current", lambda session: versions.InForce(0, told))
    row, locked = made(desk), {}
    for store in (places.objects, places.catalogue._depot.chunks, places.catalogue._depot.sets):
        monkeypatch.setattr(store, "retain", locked.__setitem__)
    for store in (places.keys._depot.chunks, places.keys._depot.sets):
        monkeypatch.setattr(store, "retain", lambda *_: 1 / 0)
    settings = desk.settings.model_copy(update={"backups_lock": "COMPLIANCE", "backup_lock_days": days})
    lawful.lock(replace(desk.kernel, settings=settings), places, row.id)
    if longest is None:
        assert locked == {}
        return
    assert max(locked.values()) <= now() + timedelta(days=longest)
    assert names(desk) - free <= locked.keys()
    assert not free & locked.keys()


# ── on schedule ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def orders(desk):
    with desk.kernel.database.read() as session:
        return len(session.scalars(select(Job.id).where(Job.kind == "back_up")).all())


def test_the_schedule_orders_one_where_a_store_is_set_and_one_is_due(desk, monkeypatch):
    order = partial(tasks.order, desk.kernel.database)
    order(desk.settings)
    assert orders(desk) == 0, "never on the same disk by itself"
    told = {"backups_url": "file:///elsewhere", "backup_keys_url": "file:///yet/elsewhere"}
    settings = desk.settings.model_copy(update=told)
    order(settings)
    order(settings)
    assert orders(desk) == 1
    desk.work()
    with desk.kernel.database.read() as session:
        (row,) = session.scalars(select(Backup)).all()
    assert (row.state, row.verify_problems) == (BackupState.DONE, [])
    order(settings)
    assert orders(desk) == 1
    monkeypatch.setattr(tasks, "now", lambda: now() + timedelta(hours=25))
    order(settings)
    assert orders(desk) == 2


# ── as people and scripts meet it ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_line_makes_tries_and_lists(desk, item):
    told = {"MUNIMENT_BROKER_URL": "memory://", "MUNIMENT_CATALOGUE_URL": desk.settings.catalogue}

    def run(*arguments):
        done = CliRunner().invoke(muniment, [*arguments, "--data", str(desk.settings.data), "--json"], env=told)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, json.loads(re.search(r"^[{[]\n.*", done.stdout, re.M | re.S)[0])  # the log is not set up here

    code, row = run("backup", "run")
    assert (code, row["state"], row["objects"]) == (0, "done", len(names(desk)))
    assert [each["backup"] for each in run("backup", "list")[1]] == [row["backup"]]
    code, trial = run("backup", "verify")
    assert (code, trial["ok"], trial["opened"], trial["backup"]) == (0, True, True, row["backup"])
    lose_object(desk.archive.backups(), min(names(desk)))
    code, trial = run("backup", "verify")
    assert (code, trial["ok"], len(trial["problems"])) == (1, False, 1)
