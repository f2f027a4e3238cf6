"""The auditors' pages and leaders' inspections: what they show, and that their forms do what the API does."""

from __future__ import annotations

from datetime import datetime

import pytest

from services import work
from services.kernel.clock import OFFICE
from services.kernel.identity import people
from services.kernel.model import Role
from tests.desk import PASSWORD, Desk, TestClient


def visitor(desk: Desk, role: Role) -> TestClient:
    """Somebody of that role at a browser."""
    with desk.kernel.database.write() as session:
        people.add_person(session, f"{role}-张", role, password=PASSWORD)
    client = desk.client()
    client.headers["Origin"] = "http://testserver"
    form = {"name": f"{role}-张", "password": PASSWORD}
    assert client.post("/sign-in", data=form, follow_redirects=False).status_code == 303
    return client


@pytest.fixture
def auditor(desk: Desk) -> TestClient:
    return visitor(desk, Role.AUDITOR)


def test_the_auditor_s_pages_show_entries_reports_and_checkpoints(desk, auditor):
    staff = visitor(desk, Role.STAFF)
    assert staff.get("/audit").status_code == 403
    page = auditor.get("/audit").text
    assert "拒绝访问" in page and "staff-张" in page and "/proof" in page
    narrowed = auditor.get("/audit", params={"act": "access.refuse", "from": "2020-01-01", "to": "2020-12-31"}).text
    assert "没有符合条件的记录" in narrowed
    for report in ("customer", "person", "out-of-hours", "mass-reading", "unused-grants", "delegated-approvals"):
        answer = auditor.get("/audit/reports", params={"report": report})
        assert answer.status_code == 200, report
    person = auditor.get("/api/v1/me").json()["id"]
    assert auditor.get("/audit/reports", params={"report": "person", "person": person}).status_code == 200
    assert "还没有检查点" in auditor.get("/audit/checkpoints").text
    for duty in work.seconds(desk.archive_of("schedule")):
        duty()
    page = auditor.get("/audit/checkpoints").text
    assert "muniment/ledger+" in page and "consistency?old=" in page


def test_a_day_that_is_none_is_told_and_not_a_fault(auditor):
    assert auditor.get("/audit", params={"from": "gestern"}).status_code == 422
    assert auditor.get("/audit/reports", params={"from": "gestern"}).status_code == 422


def test_rule_28_an_inspection_goes_its_way_through_the_pages(desk, auditor):
    leader, archivist = visitor(desk, Role.COMPANY_LEADER), visitor(desk, Role.ARCHIVIST)
    assert "已逾期" in leader.get("/inspections").text
    today = str(datetime.now(OFFICE).date())
    wrong = leader.post("/inspections", data={"inspected_on": "2999-01-01", "scope": "库房", "findings": "整齐"})
    assert wrong.status_code == 422 and "检查日期" in wrong.text and "整齐" in wrong.text
    form = {"inspected_on": today, "scope": "库房与借阅登记", "findings": "三件逾期未还", "due": today}
    assert leader.post("/inspections", data=form, follow_redirects=False).status_code == 303
    page = archivist.get("/inspections").text
    assert "三件逾期未还" in page and "待整改" in page and "登记一次检查" not in page
    assert "领导检查发现问题" in archivist.get("/access").text
    found = leader.get("/api/v1/audit/inspections").json()["inspections"][0]["id"]
    answer = archivist.post(f"/inspections/{found}/answer", data={"text": "已催还"}, follow_redirects=False)
    assert answer.status_code == 303
    assert "认可并了结" in leader.get("/inspections").text
    form = {"accepted": "yes", "text": "好"}
    assert leader.post(f"/inspections/{found}/settlement", data=form, follow_redirects=False).status_code == 303
    page = auditor.get("/inspections").text
    assert "已了结" in page and '<form method="post" class="mini"' not in page
