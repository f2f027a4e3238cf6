"""How what is kept is looked after: store rooms and their climate, inspections by plan."""

from datetime import timedelta

import pytest

from services.custody.inspections import service as plans
from services.custody.storerooms import service as storerooms
from services.kernel.clock import now
from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, ok

POINTS = ["防火", "防潮", "防虫"]


@pytest.fixture
def archivist(desk: Desk) -> TestClient:
    return desk.client(Role.ARCHIVIST)


@pytest.fixture
def room(archivist: TestClient) -> str:
    return created(archivist.post("/api/v1/custody/rooms", json={"name": "一号库"}))["id"]


def told(client: TestClient, key: str) -> int:
    return sum(each["key"] == key for each in ok(client.get("/api/v1/notices"))["notices"])


def read(client: TestClient, room: str, temperature: float, humidity: float, **more):
    reading = {"temperature": temperature, "humidity": humidity} | more
    return client.post(f"/api/v1/custody/rooms/{room}/readings", json={"readings": [reading]})


def test_rule_18_readings_out_of_range_are_told_and_stay_as_they_are(desk, archivist, room):
    other = desk.client(Role.ARCHIVIST)
    assert created(read(archivist, room, 20, 50)) == {"readings": 1, "outside": 0}
    assert created(read(archivist, room, 20, 75, note="已开除湿机"))["outside"] == 1
    assert (told(archivist, "room.out-of-range"), told(other, "room.out-of-range")) == (0, 1)
    rows = ok(archivist.get(f"/api/v1/custody/rooms/{room}/readings"))["readings"]
    assert [(row["humidity"], row["within"], row["note"]) for row in rows] == [(75, False, "已开除湿机"), (50, True, None)]
    outside = ok(archivist.get(f"/api/v1/custody/rooms/{room}/readings", params={"outside": True}))["readings"]
    older = ok(archivist.get(f"/api/v1/custody/rooms/{room}/readings", params={"before": rows[0]["at"]}))["readings"]
    assert (outside, older) == (rows[:1], rows[1:])
    assert read(archivist, room, 21, 51, at=rows[1]["at"]).status_code == 409, "that moment has a reading"
    ahead = (now() + timedelta(hours=1)).isoformat()
    assert read(archivist, room, 21, 51, at=ahead).status_code == 422
    assert [entry.act for entry in desk.ledger("room.read")] == ["room.read"] * 2


def test_a_room_of_its_own_ranges(archivist):
    body = {"name": "胶片库", "temperature": [-4, 10], "humidity": [30, 40]}
    film = created(archivist.post("/api/v1/custody/rooms", json=body))["id"]
    assert created(read(archivist, film, 5, 35))["outside"] == 0
    assert created(read(archivist, film, 20, 50))["outside"] == 1
    assert archivist.post("/api/v1/custody/rooms", json=body).status_code == 409, "the name is taken"
    assert archivist.post("/api/v1/custody/rooms", json={"name": "倒", "humidity": [60, 40]}).status_code == 422


def test_a_logger_s_readings_come_in_one_go(archivist, room):
    at = now()
    readings = [
        {"at": (at - timedelta(minutes=minutes)).isoformat(), "temperature": 20, "humidity": 50 + minutes}
        for minutes in range(20)
    ]
    answer = archivist.post(f"/api/v1/custody/rooms/{room}/readings", json={"readings": readings})
    assert created(answer) == {"readings": 20, "outside": 9}
    twice = {"readings": [readings[0] | {"at": at.isoformat()}] * 2}
    assert archivist.post(f"/api/v1/custody/rooms/{room}/readings", json=twice).status_code == 409


def test_a_reading_that_stays_away_is_told_once(desk, archivist, room, monkeypatch):
    database = desk.kernel_of("schedule").database
    storerooms.remind(database)
    assert told(archivist, "room.unread") == 0
    later = now() + timedelta(hours=25)
    monkeypatch.setattr(storerooms, "now", lambda: later)
    for _ in range(2):
        storerooms.remind(database)
    assert told(archivist, "room.unread") == 1
    monkeypatch.undo()
    created(read(archivist, room, 20, 50))
    ok(archivist.post(f"/api/v1/custody/rooms/{room}/closure"))
    monkeypatch.setattr(storerooms, "now", lambda: later + timedelta(hours=25))
    storerooms.remind(database)
    assert told(archivist, "room.unread") == 1, "nobody reads a room that is given up"
    monkeypatch.undo()
    assert read(archivist, room, 20, 50).status_code == 409


def planned(archivist: TestClient, **more) -> dict:
    body = {"title": "八防巡检", "points": POINTS, "every_days": 30} | more
    return created(archivist.post("/api/v1/custody/plans", json=body))


def entered(client: TestClient, plan: dict, notes: dict[str, str], **more):
    points = [{"point": point, "ok": point not in notes, "note": notes.get(point, "")} for point in plan["points"]]
    return client.post(f"/api/v1/custody/plans/{plan['id']}/inspections", json={"points": points} | more)


def test_rule_18_an_inspection_by_plan_is_entered_mended_and_due_again(desk, archivist, room):
    plan = planned(archivist, room_id=room)
    leader = desk.client(Role.COMPANY_LEADER)
    found = created(entered(archivist, plan, {"防潮": "东墙有水渍"}))
    assert found["settled_at"] is None and found["number"].startswith("XJ-")
    assert told(leader, "custody.found") == 1
    (again,) = ok(leader.get("/api/v1/custody/plans"))["plans"]
    assert again["next_on"] == (plans.today() + timedelta(days=30)).isoformat()
    opened = ok(leader.get("/api/v1/custody/inspections", params={"open": True}))["inspections"]
    assert [each["id"] for each in opened] == [found["id"]]
    settlement = f"/api/v1/custody/inspections/{found['id']}/settlement"
    assert leader.post(settlement, json={"text": "已修"}).status_code == 403, "whoever keeps the archive mends"
    assert ok(archivist.post(settlement, json={"text": "已修补东墙"}))["settlement"] == "已修补东墙"
    assert archivist.post(settlement, json={"text": "再修"}).status_code == 409
    assert created(entered(archivist, plan, {}))["settled_at"], "where all is well there is nothing to mend"
    assert [entry.act for entry in desk.ledger() if entry.act.startswith("custody.")] == [
        "custody.inspect",
        "custody.mend",
        "custody.inspect",
    ]


def test_what_is_entered_answers_the_plan(archivist):
    plan = planned(archivist)
    assert entered(archivist, plan, {"防虫": ""}).status_code == 422, "say what is wrong"
    assert entered(archivist, plan | {"points": POINTS[:2]}, {}).status_code == 422, "a point is missing"
    tomorrow = (plans.today() + timedelta(days=1)).isoformat()
    assert entered(archivist, plan, {}, inspected_on=tomorrow).status_code == 422
    ok(archivist.post(f"/api/v1/custody/plans/{plan['id']}/end"))
    assert entered(archivist, plan, {}).status_code == 409
    twice = {"title": "重复", "points": ["防火", "防火"], "every_days": 1}
    assert archivist.post("/api/v1/custody/plans", json=twice).status_code == 422


def test_what_is_due_by_a_plan_is_told_once(desk, archivist, monkeypatch):
    database = desk.kernel_of("schedule").database
    plan = planned(archivist)
    for _ in range(2):
        plans.remind(database)
    assert told(archivist, "custody.due") == 1
    created(entered(archivist, plan, {}))
    plans.remind(database)
    assert told(archivist, "custody.due") == 1
    monkeypatch.setattr(plans, "today", lambda: now().date() + timedelta(days=40))
    plans.remind(database)
    assert told(archivist, "custody.due") == 2


def test_who_may_do_what_here(desk, room):
    auditor, staff = desk.client(Role.AUDITOR), desk.client(Role.STAFF)
    for path in ("rooms", "plans", "inspections"):
        ok(auditor.get(f"/api/v1/custody/{path}"))
        assert staff.get(f"/api/v1/custody/{path}").status_code == 403
    assert read(auditor, room, 20, 50).status_code == 403
