"""四性检测 (DA/T 70-2018): at filing, in storage and for a transfer, by jobs, with a report."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from services.custody.properties import tasks
from services.custody.properties.tables import PropertyCheck
from services.kernel.clock import now
from services.kernel.model import Role
from services.kernel.queue.stages import Queue
from services.kernel.tables import Page
from tests.desk import Desk, TestClient, ok

PLAIN = "%PDF-1.7\n关于办公用品管理的通知"
"""Begins as what it is taken for."""


@pytest.fixture
def archivist(desk: Desk) -> TestClient:
    return desk.client(Role.ARCHIVIST)


@pytest.fixture
def filed(desk: Desk) -> str:
    return desk.archived(desk.client(Role.CLERK), PLAIN, "第二页")


def checks(client: TestClient, **asked) -> list:
    return ok(client.get("/api/v1/custody/checks", params=asked))["checks"]


def hour(desk: Desk, monkeypatch, hours: int = 0) -> int:
    """The scheduler's hour; how many jobs there were for it."""
    moment = now() + timedelta(hours=hours)
    monkeypatch.setattr(tasks, "now", lambda: moment)
    tasks.order(desk.kernel_of("schedule").database)
    return desk.runner().drain(Queue.EXAMINING)


def test_rule_18_what_was_filed_is_examined_and_again_in_storage_after_policy_s_days(desk, archivist, filed, monkeypatch):
    assert hour(desk, monkeypatch) == 1
    (first,) = checks(archivist, item=filed)
    assert (first["occasion"], first["passed"]) == ("filing", True), first
    assert hour(desk, monkeypatch, 1) == 1
    assert len(checks(archivist, item=filed)) == 1, "not due in storage yet"
    with desk.kernel.database.write() as session:
        session.execute(update(PropertyCheck).values(at=now() - timedelta(days=366)))
    assert hour(desk, monkeypatch, 2) == 1
    assert [each["occasion"] for each in checks(archivist, item=filed)] == ["storage", "filing"]
    assert ok(archivist.get(f"/api/v1/custody/checks/{filed}"))["check"]["occasion"] == "storage"
    assert [entry.item_id for entry in desk.ledger("item.examine")] == [filed] * 2


def test_what_fails_is_told_and_reported_by_property(desk, archivist, filed):
    with desk.kernel.database.write() as session:
        session.execute(update(Page).where(Page.item_id == filed, Page.number == 2).values(engine=None))
    name = sorted(desk.objects())[0]
    desk.kernel.objects.delete(name)  # the master
    body = {"item_ids": [filed], "occasion": "storage"}
    assert archivist.post("/api/v1/custody/checks", json=body).status_code == 202
    assert desk.runner().drain(Queue.EXAMINING) == 1
    (found,) = checks(archivist, passed=False)
    wrong = {(check["property"], check["name"], check["detail"]) for check in found["checks"] if check["ok"] is False}
    assert wrong == {
        ("authenticity", "digest", "missing"),
        ("authenticity", "process", "1 pages"),
        ("completeness", "size", ""),
    }
    notices = ok(archivist.get("/api/v1/notices"))["notices"]
    assert [each["key"] for each in notices if each["subject_id"] == found["id"]] == ["examination.failed"]
    today = {"since": "2020-01-01"}
    report = ok(archivist.get("/api/v1/custody/checks/report", params=today))
    assert (report["items"], report["passed"]) == (1, 0)
    assert report["failed"]["authenticity"] == {"digest": 1, "process": 1} and report["failed"]["safety"] == {}
    sheet = archivist.get("/api/v1/custody/checks/report", params=today | {"format": "csv"})
    rows = sheet.text.lstrip("\ufeff").splitlines()
    assert rows[0].startswith("at,occasion,reference_code") and len(rows) == 1 + len(found["checks"])
    assert ok(archivist.get("/api/v1/custody/checks/report", params={"until": "2020-01-01"}))["items"] == 0


def test_who_may_ask_and_who_may_look(desk, filed):
    auditor, staff = desk.client(Role.AUDITOR), desk.client(Role.STAFF)
    assert checks(auditor) == []
    assert auditor.post("/api/v1/custody/checks", json={"item_ids": [filed]}).status_code == 403
    assert staff.get("/api/v1/custody/checks/report").status_code == 403
