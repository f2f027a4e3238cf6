"""The pages of retention: what they show, and that their forms do what the API does."""

from __future__ import annotations

import pytest

from services.kernel.model import Role
from tests.desk import Desk, TestClient
from tests.functional.test_console_audit import visitor
from tests.functional.test_retention import Office, changed


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(desk, monkeypatch)


def post(client: TestClient, address: str, **form: object) -> None:
    answer = client.post(address, data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text


def test_the_due_list_and_why(office):
    archivist = visitor(office.desk, Role.ARCHIVIST)
    item = office.papers.item("complaint_record")
    office.begin()
    assert "目前没有到期的档案" in archivist.get("/retention").text
    page = archivist.get(f"/retention/items/{item}").text
    assert "未登记“结案”" in page and "未定" in page
    assert f"/retention/items/{item}" in archivist.get(f"/items/{item}").text
    post(archivist, f"/retention/items/{item}/events", name="case_closed_on", day="2000-01-31", note="结案通知")
    post(archivist, "/retention/runs")
    office.desk.work()
    page = archivist.get("/retention", params={"retention": "complaint"}).text
    assert "2010-01-31" in page and item in page and "完成" in page
    assert "自 2000-01-31 起算" in archivist.get(f"/retention/items/{item}").text
    event = office.archivist.get("/api/v1/retention/events", params={"item": item}).json()["events"][0]["id"]
    post(archivist, f"/retention/items/{item}/events/{event}/withdrawal", reason="误记")
    assert "已撤回" in archivist.get(f"/retention/items/{item}").text and office.due() == []


def test_a_run_in_doubt_is_confirmed_on_the_page(office):
    archivist, leader = visitor(office.desk, Role.ARCHIVIST), visitor(office.desk, Role.COMPANY_LEADER)
    item = office.papers.item("complaint_record")
    office.begin()
    office.record("case_closed_on", "2020-01-01", item_ids=[item])
    office.put_in_force(changed(complaint={"years": 5}))
    waiting = office.run_now()
    page = archivist.get("/retention").text
    assert "制度改变" in page and "确认今天是" in page
    assert "确认今天是" not in leader.get("/retention").text
    assert "有疑，请确认" in archivist.get("/access").text
    post(archivist, f"/retention/runs/{waiting['id']}/confirmation")
    office.desk.work()
    assert office.due() == [item]


def test_classes_and_what_another_policy_would_make_due(office):
    leader = visitor(office.desk, Role.COMPANY_LEADER)
    item = office.papers.item("complaint_record")
    office.begin()
    office.record("case_closed_on", "2020-01-01", item_ids=[item])
    page = leader.get("/retention/classes").text
    assert "投诉报修" in page and "不少于 10 年" in page and "取自已核实的" in page
    body = {"body": changed(complaint={"years": 5}), "reason": "缩短"}
    number = office.archivist.post("/api/v1/policy/versions", json=body).json()["number"]
    page = leader.get("/retention/classes", params={"version": number}).text
    assert "模拟后 1 件，其中新增 1 件" in page
    assert leader.get("/retention/classes", params={"day": "gestern"}).status_code == 422


def test_a_changed_class_is_confirmed_on_the_page(office):
    from services.kernel.tables import Item

    archivist = visitor(office.desk, Role.ARCHIVIST)
    item = office.papers.item("acceptance_report")
    office.begin()
    with office.desk.kernel.database.write() as session:
        session.get_one(Item, item).type = "complaint_record"
    page = archivist.get("/retention/classes").text
    assert "工程 → 投诉报修" in page
    post(archivist, "/retention/reclassified", item_ids=item)
    assert "工程 → 投诉报修" not in archivist.get("/retention/classes").text


def test_holds_are_placed_and_released_on_the_page(office):
    head, archivist = visitor(office.desk, Role.DEPARTMENT_HEAD), visitor(office.desk, Role.ARCHIVIST)
    item = office.papers.item("invoice", department="工程部")
    assert 'href="/retention/holds"' in head.get("/search").text and head.get("/retention").status_code == 403
    wrong = head.post("/retention/holds", data={"scope": "file", "target": "x", "reason": "诉讼保全"})
    assert wrong.status_code == 422 and "诉讼保全" in wrong.text and "找不到" in wrong.text
    post(head, "/retention/holds", scope="item", target=item, reason="诉讼保全", remind_on="2999-01-01")
    post(head, "/retention/holds", scope="query", department="工程部", reason="专项审计")
    page = head.get("/retention/holds").text
    assert "诉讼保全" in page and "部门 工程部" in page and "由他人解除" in page and "2999-01-01 提醒" in page
    hold = office.archivist.get("/api/v1/holds", params={"item": item}).json()["holds"][0]["id"]
    post(head, f"/retention/holds/{hold}/release-request")
    post(archivist, f"/retention/holds/{hold}/reminder", remind_on="2998-01-01")
    assert "有人请您解除一项保留" in archivist.get("/access").text
    assert "有 2 项保留" in archivist.get(f"/retention/items/{item}").text
    post(archivist, f"/retention/holds/{hold}/release", reason="审计结束")
    assert "专项审计" not in archivist.get("/retention/holds").text
    assert "审计结束" in archivist.get("/retention/holds?all=1").text


def test_staff_have_no_such_pages_and_english_is_there(office):
    staff, auditor = visitor(office.desk, Role.STAFF), visitor(office.desk, Role.AUDITOR)
    assert "/retention" not in staff.get("/search").text
    assert staff.get("/retention").status_code == staff.get("/retention/holds").status_code == 403
    auditor.cookies.set("muniment_language", "en")
    assert "Nothing is due." in auditor.get("/retention").text
    assert auditor.get("/retention/classes").status_code == 200
