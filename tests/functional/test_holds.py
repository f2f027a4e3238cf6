"""Holds: on what, who inherits them, who releases them, what they block."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.kernel import holds
from services.kernel.clock import now
from services.kernel.holds import Hold, HoldItem
from services.kernel.identity.tables import PersonRole
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from services.retention.holds import reminders
from tests.desk import Desk, TestClient, created, ok
from tests.functional.test_case_files import CARD, COMPLAINT, CONTRACT, confirm, join, parties
from tests.functional.test_retention import Office
from tests.papers import Papers

WHY = "案号（2026）沪01民初1号，证据保全"


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(desk, monkeypatch)


@pytest.fixture
def head(desk: Desk) -> TestClient:
    return desk.client(Role.DEPARTMENT_HEAD)


def place(client: TestClient, **scope) -> dict:
    return created(client.post("/api/v1/holds", json={"reason": WHY} | scope))


def release(client: TestClient, hold: dict):
    return client.post(f"/api/v1/holds/{hold['id']}/release", json={"reason": "案件已结"})


def count(papers: Papers, *items: str) -> list[int]:
    return [papers.one(item).holds for item in items]


def test_several_holds_lie_on_one_item_and_each_counts(office, head):
    item, other = office.papers.item(), office.papers.item()
    first, second = place(head, item_ids=[item]), place(office.archivist, item_ids=[item, other])
    assert (first["items"], second["items"], count(office.papers, item, other)) == (1, 2, [2, 1])
    listed = ok(head.get("/api/v1/holds", params={"item": item}))["holds"]
    assert [each["id"] for each in listed] == [second["id"], first["id"]] and listed[0]["reason"] == WHY
    assert {each["item_id"] for each in ok(head.get(f"/api/v1/holds/{second['id']}/items"))["items"]} == {item, other}
    ok(release(head, second))
    assert count(office.papers, item, other) == [1, 0]
    assert release(head, second).status_code == 409
    assert ok(head.get("/api/v1/holds", params={"live": False}))["holds"][0]["release_reason"] == "案件已结"
    ledger = b"".join(entry.data for entry in office.desk.ledger()).decode()
    assert "保全" not in ledger and "已结" not in ledger
    assert [json.loads(entry.data)["details"]["items"] for entry in office.desk.ledger("hold.place")] == [[item], [item, other]]


def test_a_held_item_is_not_due_until_the_last_hold_is_gone(office, head):
    item = office.papers.item("complaint_record")
    office.begin()
    office.record("case_closed_on", item_ids=[item])
    office.run_now()
    assert office.due() == [item]
    hold = place(head, item_ids=[item])
    office.run_now()
    assert office.due() == [] and office.codes(item)[-1] == "held" and not office.why(item)["due"]
    ok(release(office.archivist, hold))
    office.run_now()
    assert office.due() == [item]


def test_who_placed_it_never_releases_it_alone(office, head):
    hold = place(head, item_ids=[office.papers.item()])
    me = head.get("/api/v1/me").json()["id"]
    with office.desk.kernel.database.write() as session:
        session.add(PersonRole(person_id=me, role=Role.ARCHIVIST))
    refused = release(head, hold)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:muniment:problem:separation-of-duties")
    assert not ok(head.get(f"/api/v1/holds/{hold['id']}"))["may_release"]
    assert ok(head.post(f"/api/v1/holds/{hold['id']}/release-request"))["asked"] >= 1
    assert "hold.release-asked" in {each["key"] for each in ok(office.leader.get("/api/v1/notices"))["notices"]}
    assert ok(office.leader.get(f"/api/v1/holds/{hold['id']}"))["may_release"]
    ok(release(office.leader, hold))
    assert "hold.released" in {each["key"] for each in ok(head.get("/api/v1/notices"))["notices"]}
    assert release(office.desk.client(Role.STAFF), hold).status_code == 403


def test_what_comes_into_a_held_file_is_held(office, head):
    clerk = office.desk.client(Role.CLERK)
    contract, card = office.desk.item(clerk, CONTRACT), office.desk.item(clerk, CARD)
    file = office.desk.case_file(clerk, "sale", contract)
    hold = place(head, file_id=file)
    assert hold["items"] == 1
    ok(clerk.post(f"/api/v1/case-files/{file}/items", json={"item_ids": [card]}))
    assert count(office.papers, contract, card) == [1, 1]
    ok(release(office.archivist, hold))
    assert count(office.papers, contract, card) == [0, 0]


def test_a_party_is_held_in_every_item_that_it_is_found_in_later_too(office, head):
    desk, clerk = office.desk, office.desk.client(Role.CLERK)
    items = [desk.item(clerk, text) for text in (CONTRACT, CARD, COMPLAINT)]
    file = desk.case_file(clerk, "sale", *items)
    found = parties(clerk, file)
    for party in found.values():
        ok(confirm(clerk, party))
    contract, card, complaint = (found[item] for item in items)
    ok(join(clerk, contract, card))
    first = place(head, party_id=complaint["id"])
    assert (first["items"], count(office.papers, *items)) == (1, [0, 0, 1]), "joined to nobody yet"
    second = place(head, party_id=contract["id"])
    assert second["items"] == 2
    ok(join(clerk, contract, complaint))
    assert count(office.papers, *items) == [2, 2, 2], "both holds lie on the one person that they are"
    for hold in (first, second):
        ok(release(office.archivist, hold))
    assert count(office.papers, *items) == [0, 0, 0]


def test_a_query_holds_what_is_like_it_now_and_what_comes_to_be(office, head):
    papers = office.papers
    one, other = papers.item("invoice", department="工程部"), papers.item("invoice", department="营销部")
    hold = place(head, query={"type": "invoice", "department": "工程部"})
    assert hold["items"] == 1 and count(papers, one, other) == [1, 0]
    later = papers.item("invoice", department="工程部")
    office.begin()
    assert count(papers, one, other, later) == [1, 0, 1], "the daily run asks again"
    latest = papers.item("invoice", department="工程部")
    with office.desk.kernel.database.write() as session:
        assert holds.catch_up(session, [other]) == 0 and holds.catch_up(session, [latest]) == 1
        assert session.scalar(select(Item.holds).where(Item.id == latest)) == 1
    everything = place(head, query={"received_from": (now() - timedelta(days=1)).isoformat(), "reference_code": "M001_"})
    assert everything["items"] == 0, "a criterion is no pattern"


def test_an_empty_query_holds_nothing_and_is_refused(head):
    answer = head.post("/api/v1/holds", json={"reason": WHY, "query": {}})
    assert answer.status_code == 422 and "criterion" in answer.json()["detail"]
    assert head.post("/api/v1/holds", json={"reason": WHY}).status_code == 422
    both = {"reason": WHY, "query": {"type": "invoice"}, "file_id": "x"}
    assert head.post("/api/v1/holds", json=both).status_code == 422


@pytest.mark.parametrize("state", [ItemState.IN_BATCH, ItemState.APPROVED])
def test_case_1_a_hold_is_placed_between_approval_and_execution(office, head, state):
    item = office.papers.item(state=state)
    assert place(head, item_ids=[item])["items"] == 1 and count(office.papers, item) == [1]
    assert office.papers.states(item) == [state], "the batch goes on without it by its own gates"


def test_case_1_what_is_being_destroyed_can_be_held_no_more(office, head):
    gone, there = office.papers.item(state=ItemState.DESTROYING), office.papers.item()
    hold = place(head, item_ids=[gone, there])
    assert hold["items"] == 1 and count(office.papers, gone, there) == [0, 1]
    with office.desk.kernel.database.read() as session:
        assert [row.item_id for row in session.scalars(select(HoldItem))] == [there]


def test_case_7_a_rescan_keeps_its_holds(office, head):
    item = office.papers.item()
    place(head, item_ids=[item])
    with office.desk.kernel.database.write() as session:
        session.get_one(Item, item).revision = 2
    assert count(office.papers, item) == [1]
    assert len(ok(head.get("/api/v1/holds", params={"item": item}))["holds"]) == 1


def test_a_reminder_comes_once_and_can_be_put_off(office, head):
    hold = place(head, item_ids=[office.papers.item()], remind_on="2020-01-01")
    database = office.desk.kernel_of("schedule").database
    assert [reminders.remind(database) for _ in range(2)] == [1, 0]
    for client in (head, office.archivist):
        assert "hold.review" in {each["key"] for each in ok(client.get("/api/v1/notices"))["notices"]}
    ok(office.archivist.put(f"/api/v1/holds/{hold['id']}/reminder", json={"remind_on": "2999-01-01"}))
    assert reminders.remind(database) == 0
    ok(office.archivist.put(f"/api/v1/holds/{hold['id']}/reminder", json={"remind_on": "2020-01-01"}))
    assert reminders.remind(database) == 1
    ok(release(office.archivist, hold))
    assert office.archivist.put(f"/api/v1/holds/{hold['id']}/reminder", json={"remind_on": None}).status_code == 409


def test_the_same_request_places_one_hold(office, head):
    body, key = {"reason": WHY, "item_ids": [office.papers.item()]}, {"Idempotency-Key": "once"}
    answers = [head.post("/api/v1/holds", json=body, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    with office.desk.kernel.database.read() as session:
        assert session.query(Hold).count() == 1
