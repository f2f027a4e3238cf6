"""What is stored is re-read in turn, in both copies: mended where one is whole, an incident where none is."""

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from services.custody.fixity import copies, service, tasks
from services.custody.fixity.tables import ObjectCheck, Result
from services.kernel.clock import now
from services.kernel.config import Settings
from services.kernel.errors import Unavailable
from services.kernel.model import ItemState, Role
from services.kernel.queue.stages import Queue
from services.kernel.tables import Blob, Item, Rendition
from tests.desk import Desk, TestClient, ok

COPIES = ("primary", "copy")


@pytest.fixture
def settings(settings: Settings, tmp_path) -> Settings:
    """Objects are stored twice."""
    return settings.model_copy(update={"backup_objects_url": (tmp_path / "second").as_uri()})


@pytest.fixture
def archivist(desk: Desk) -> TestClient:
    return desk.client(Role.ARCHIVIST)


@pytest.fixture
def item(desk: Desk) -> str:
    return desk.item(desk.client(Role.CLERK), "第一页", "第二页")


def path(desk: Desk, copy: str, name: str):
    return {each.label: each.store for each in desk.archive.copies}[copy]._path(name)


def flip(desk: Desk, copy: str, name: str) -> bytes:
    """Flips one bit somewhere; returns what was there."""
    file = path(desk, copy, name)
    whole = file.read_bytes()
    place = secrets.randbelow(len(whole))
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << secrets.randbelow(8)]) + whole[place + 1 :])
    return whole


def checked(desk: Desk, archivist: TestClient, item: str) -> None:
    """Has the item's objects looked at by the worker that does."""
    assert archivist.post(f"/api/v1/custody/items/{item}/fixity").status_code == 202
    assert desk.runner().drain(Queue.FIXITY) == 1


def incidents(archivist: TestClient, **asked) -> list:
    return ok(archivist.get("/api/v1/incidents", params=asked))["incidents"]


@pytest.mark.parametrize("copy", COPIES)
def test_rule_18_a_flipped_bit_in_any_object_is_found_and_mended_from_the_other_copy(desk, archivist, item, copy):
    names = desk.objects()
    assert len(names) == 4, "a master, two pictures, a PDF"
    whole = {name: flip(desk, copy, name) for name in names}
    checked(desk, archivist, item)
    assert {name: path(desk, copy, name).read_bytes() for name in names} == whole
    entries = [json.loads(entry.data) for entry in desk.ledger("object.repair")]
    assert {entry["details"]["object"] for entry in entries} == set(names)
    assert all(entry["details"]["faults"] == {copy: "changed"} and entry["item"] == item for entry in entries)
    assert incidents(archivist) == []
    shown = ok(archivist.get("/api/v1/custody/fixity/objects", params={"result": "repaired"}))["objects"]
    assert {each["name"] for each in shown} == set(names) and all(each["item_ids"] == [item] for each in shown)
    checked(desk, archivist, item)
    assert ok(archivist.get("/api/v1/custody/fixity"))["results"] == {"ok": 4, "repaired": 0, "damaged": 0}


@pytest.mark.parametrize("copy", COPIES)
def test_a_lost_object_is_mended_too(desk, archivist, item, copy):
    name = desk.objects()[0]
    file = path(desk, copy, name)
    whole = file.read_bytes()
    file.unlink()
    checked(desk, archivist, item)
    assert file.read_bytes() == whole
    assert json.loads(desk.ledger("object.repair")[0].data)["details"]["faults"] == {copy: "missing"}


def test_where_no_copy_is_whole_one_incident_stands_in_the_register(desk, archivist, item):
    name = desk.objects()[0]
    whole = flip(desk, "primary", name)
    path(desk, "copy", name).unlink()
    for _ in range(2):
        checked(desk, archivist, item)
    (incident,) = incidents(archivist)
    assert (incident["kind"], incident["item_id"], incident["text"]) == ("corruption", item, None)
    assert incident["details"] == {"copies": {"primary": "changed", "copy": "missing"}}
    notices = ok(archivist.get("/api/v1/notices"))["notices"]
    assert [each["key"] for each in notices if each["subject_id"] == incident["id"]] == ["incident.reported"]
    path(desk, "primary", name).write_bytes(whole)  # somebody has restored it
    checked(desk, archivist, item)
    assert incidents(archivist) == []
    assert incidents(archivist, open=False)[0]["outcome"] == "repaired"
    assert path(desk, "copy", name).read_bytes() == whole


def test_an_object_of_no_item_has_its_incident_settled_by_a_person(desk, archivist):
    desk.deliver(desk.client(Role.CLERK), b"no scan at all")
    desk.work()
    (name,) = desk.objects()
    for copy in COPIES:
        path(desk, copy, name).unlink()
    tasks.order(desk.kernel_of("schedule").database)
    assert desk.runner().drain(Queue.FIXITY) == 1
    (incident,) = incidents(archivist)
    assert (incident["item_id"], incident["reference_code"]) == (None, None)
    settlement = {"outcome": "accepted", "text": "文件本已拒收"}
    settled = ok(archivist.post(f"/api/v1/incidents/{incident['id']}/settlement", json=settlement))
    assert (settled["outcome"], settled["outcome_text"]) == ("accepted", "文件本已拒收")


def test_the_round_goes_on_where_it_was_and_is_ordered_once_an_hour(desk, archivist, item, monkeypatch):
    monkeypatch.setattr(tasks, "LEAST", 3)
    database = desk.kernel_of("schedule").database
    assert ok(archivist.get("/api/v1/custody/fixity"))["checked"] == 0
    for _ in range(2):
        tasks.order(database)
    assert desk.runner().drain(Queue.FIXITY) == 1
    assert ok(archivist.get("/api/v1/custody/fixity"))["checked"] == 3
    tasks.order(database)
    assert desk.runner().drain(Queue.FIXITY) == 0, "it was done this hour"
    later = now() + timedelta(hours=1)
    monkeypatch.setattr(tasks, "now", lambda: later)
    tasks.order(database)
    assert desk.runner().drain(Queue.FIXITY) == 1
    assert ok(archivist.get("/api/v1/custody/fixity"))["checked"] == 4
    with desk.kernel.database.write() as session:
        oldest = session.scalars(select(ObjectCheck.blob_id).order_by(ObjectCheck.blob_id)).all()[1]
        long_ago = now() - timedelta(days=91)
        session.execute(update(Blob).values(created_at=long_ago))
        session.execute(update(ObjectCheck).where(ObjectCheck.blob_id == oldest).values(checked_at=long_ago))
    assert ok(archivist.get("/api/v1/custody/fixity"))["overdue"] == 1
    with desk.kernel.database.read() as session:
        assert tasks._chosen(session, None)[0].id == oldest


PACES = [(0, 90, 10), (10_000, 90, 10), (1_000_000, 90, 926), (10**7, 1, 833_334)]


@pytest.mark.parametrize(("objects", "days", "an_hour"), PACES)
def test_the_pace_is_twice_what_the_period_needs(objects, days, an_hour):
    assert tasks.pace(objects, days) == an_hour


def test_what_is_being_destroyed_is_neither_mended_nor_missed(desk, archivist, item):
    name = desk.objects()[0]
    path(desk, "primary", name).unlink()
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.DESTROYING
    checked(desk, archivist, item)
    assert not path(desk, "primary", name).exists() and incidents(archivist) == []
    with desk.kernel.database.read() as session:
        assert session.scalars(select(ObjectCheck.result)).all() == [Result.OK] * 3


def test_what_was_destroyed_while_it_was_mended_does_not_come_back(desk, archivist, item, monkeypatch):
    with desk.kernel.database.read() as session:
        picture = session.scalars(select(Rendition).where(Rendition.kind == "page_picture", Rendition.page == 1)).one()
        name = picture.blob.name
    path(desk, "primary", name).unlink()

    def mend(*given):
        whole = copies.mend(*given)
        with desk.kernel.database.write() as session:  # as a destruction ends: the row goes
            session.execute(delete(Rendition).where(Rendition.id == picture.id))
            session.execute(delete(Blob).where(Blob.id == picture.blob_id))
        return whole

    monkeypatch.setattr(service, "mend", mend)
    checked(desk, archivist, item)
    assert desk.ledger("object.repair") == []
    assert desk.runner().drain(Queue.DESTRUCTION) == 1
    assert not any(path(desk, copy, name).exists() for copy in COPIES)


def away(monkeypatch, store) -> None:
    def fail(*_):
        raise Unavailable("The store is away.")

    part = getattr(store, "_part", store)  # apart, what the process has is narrowed
    monkeypatch.setattr(part, "open", fail)
    monkeypatch.setattr(part, "readable", fail)


def test_a_store_that_is_away_says_nothing_of_its_objects(desk, archivist, item, monkeypatch):
    away(monkeypatch, desk.archive_of("fixity").copies[1].store)
    checked(desk, archivist, item)
    assert incidents(archivist) == []
    assert ok(archivist.get("/api/v1/custody/fixity"))["checked"] == 0


def test_a_good_copy_that_goes_away_while_it_mends_is_no_loss(desk, archivist, item, monkeypatch):
    name = desk.objects()[0]
    flip(desk, "primary", name)
    damaged = path(desk, "primary", name).read_bytes()

    def mend(bad, good, *rest):
        away(monkeypatch, good.store)
        return copies.mend(bad, good, *rest)

    monkeypatch.setattr(service, "mend", mend)
    checked(desk, archivist, item)
    assert incidents(archivist) == [] and desk.ledger("object.repair") == []
    assert path(desk, "primary", name).read_bytes() == damaged


def test_who_may_look_and_who_may_order(desk, item):
    auditor, staff = desk.client(Role.AUDITOR), desk.client(Role.STAFF)
    ok(auditor.get("/api/v1/custody/fixity"))
    assert auditor.post(f"/api/v1/custody/items/{item}/fixity").status_code == 403
    assert staff.get("/api/v1/custody/fixity").status_code == 403
