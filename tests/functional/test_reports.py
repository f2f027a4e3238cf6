"""Reports day by day, and reminders once a day (behaviours 8 and 9)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.filing.reports.deadlines import office_day
from services.kernel.clock import now
from services.kernel.model import Role
from services.kernel.notices import Notice
from services.kernel.tables import Item
from tests.desk import Desk, TestClient, ok

PLAIN = "关于办公用品管理的通知"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def received(desk: Desk, item: str, days_ago: int) -> None:
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).created_at = now() - timedelta(days=days_ago)


def told(desk: Desk, key: str) -> list[Notice]:
    with desk.kernel.database.read() as session:
        return list(session.scalars(select(Notice).where(Notice.key == key)))


def test_rule_08_the_daily_report_counts_what_came_in(desk, clerk):
    desk.item(clerk, PLAIN, "第二页")
    desk.archived(clerk, f"{PLAIN} 二")
    received(desk, desk.item(clerk, f"{PLAIN} 昨天"), 1)
    report = ok(desk.client(Role.DEPARTMENT_HEAD).get("/api/v1/reports/intake"))
    assert (report["items"], report["pages"]) == (2, 3)
    assert report["by_state"] == {"SCANNED": 1, "ARCHIVED": 1}
    assert report["by_source"] == {"api": 2} and report["files"] == {"accepted": 3}
    assert ok(desk.client(Role.CLERK).get("/api/v1/reports/intake"))["items"] == 0, "another clerk's is their own"


def test_rule_08_the_week_has_a_filing_day(desk, clerk):
    desk.item(clerk, PLAIN)
    desk.archived(clerk, f"{PLAIN} 二")
    week = ok(clerk.get("/api/v1/reports/week"))
    assert (week["items"], week["filed"], week["waiting"]) == (2, 1, 1)
    last = ok(clerk.get("/api/v1/reports/week", params={"day": (office_day(now()) - timedelta(days=7)).isoformat()}))
    assert last["items"] == 0 and not last["late"]


def test_rule_08_what_is_overdue_is_listed_and_told_once_a_day(desk, clerk):
    late = desk.item(clerk, PLAIN)
    filed = desk.archived(clerk, f"{PLAIN} 二")
    for item in (late, filed):
        received(desk, item, 40)
    listed = ok(clerk.get("/api/v1/reports/overdue"))["items"]
    assert [(each["id"], each["days"]) for each in listed] == [(late, 10)], "30 days at most, and what is filed is not late"
    first = ok(desk.signer.post("/api/v1/reports/reminders"))["notices"]
    assert first >= 2 and ok(desk.signer.post("/api/v1/reports/reminders"))["notices"] == 0
    people = {notice.person_id for notice in told(desk, "filing.overdue")}
    assert clerk.get("/api/v1/me").json()["id"] in people and desk.signer.get("/api/v1/me").json()["id"] in people
    assert {notice.subject_id for notice in told(desk, "filing.overdue")} == {late}


def test_the_sales_manager_is_told_what_came_in_the_day_before(desk, clerk):
    head = desk.client(Role.DEPARTMENT_HEAD).get("/api/v1/me").json()["id"]
    received(desk, desk.item(clerk, PLAIN), 1)
    ok(desk.signer.post("/api/v1/reports/reminders"))
    (notice,) = told(desk, "filing.intake")
    assert (notice.person_id, notice.details) == (head, {"items": 1, "pages": 1})


def test_the_scheduler_reminds_too(desk, clerk):
    from services import work

    received(desk, desk.item(clerk, PLAIN), 40)
    for make_round in work.rounds(desk.archive):
        make_round()
    assert told(desk, "filing.overdue") and desk.ledger("filing.remind")
