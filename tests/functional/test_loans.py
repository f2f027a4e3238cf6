"""Paper lent and taken back, what is lost or damaged, and the record of conduct."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.access.loans import reminders
from services.access.loans.tables import Loan
from services.kernel.clock import now
from services.kernel.model import Role
from services.kernel.tables import Item
from tests.desk import Desk, TestClient, created, ok
from tests.functional.test_access import ESTATES, SALES, Office, id_of, keys_of


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


def hand_out(office: Office, grant: str, condition: str = "good", client: TestClient | None = None):
    body = {"grant_id": grant, "item_id": office.item, "condition": condition}
    return (client or office.archivist).post("/api/v1/loans", json=body)


def flags(office: Office) -> tuple[bool, bool]:
    with office.desk.kernel.database.read() as session:
        item = session.get_one(Item, office.item)
        return item.on_loan, item.missing


def late(office: Office, loan: str, days: float) -> None:
    with office.desk.kernel.database.write() as session:
        session.get_one(Loan, loan).due_at = now() - timedelta(days=days)


def test_rule_15_paper_is_lent_with_a_day_to_return_it_and_looked_at_then(office):
    grant = office.granted(kind="loan")
    loan = created(hand_out(office, grant))["id"]
    assert flags(office) == (True, False)
    assert hand_out(office, grant).status_code == 409, "it is with somebody already"
    (mine,) = ok(office.sales.get("/api/v1/loans"))["loans"]
    assert mine["due_at"] and not mine["overdue"] and mine["condition_out"] == "good"
    assert office.person(Role.STAFF, SALES).get(f"/api/v1/loans/{loan}").status_code == 404
    assert office.sales.post(f"/api/v1/loans/{loan}/return", json={"condition": "good"}).status_code == 403
    back = ok(office.archivist.post(f"/api/v1/loans/{loan}/return", json={"condition": "good"}))
    assert (back["state"], back["condition_in"], flags(office)) == ("returned", "good", (False, False))
    assert office.archivist.post(f"/api/v1/loans/{loan}/return", json={"condition": "good"}).status_code == 409
    assert ok(office.archivist.get("/api/v1/incidents"))["incidents"] == []


def test_only_a_live_grant_to_borrow_lets_paper_out(office):
    assert hand_out(office, office.granted()).status_code == 409, "to read is not to borrow"
    grant = office.granted(kind="loan")
    assert hand_out(office, grant, client=office.head).status_code == 403
    ok(office.sales.post(f"/api/v1/grants/{grant}/revocation"))
    assert hand_out(office, grant).status_code == 409
    assert flags(office) == (False, False)


def test_rule_19_fragile_paper_stays_in_the_store(office):
    grant = office.granted(kind="loan")
    assert office.sales.put(f"/api/v1/items/{office.item}/care", json={"fragile": True}).status_code == 403
    ok(office.archivist.put(f"/api/v1/items/{office.item}/care", json={"fragile": True}))
    assert hand_out(office, grant).status_code == 409
    ok(office.archivist.put(f"/api/v1/items/{office.item}/care", json={"fragile": False}))
    assert hand_out(office, grant).status_code == 201


def test_nobody_lends_to_themselves(office):
    asked = office.ask(office.archivist, kind="loan")
    other = office.person(Role.ARCHIVIST)
    for signer in (office.leader, other, office.leader):
        signer.post(f"/api/v1/access-requests/{asked}/decision", json={"approves": True})
    grant = ok(office.archivist.get(f"/api/v1/access-requests/{asked}"))["grant_id"]
    assert grant is not None
    assert hand_out(office, grant).json()["type"] == "urn:muniment:problem:separation-of-duties"
    assert hand_out(office, grant, client=other).status_code == 201


def test_borrowers_are_reminded_and_their_heads_told_of_what_is_overdue(office):
    loan = created(hand_out(office, office.granted(kind="loan")))["id"]
    database = office.desk.kernel_of("schedule").database
    assert reminders.remind(database) == 0
    late(office, loan, -2)
    assert [reminders.remind(database) for _ in range(2)] == [1, 0], "once before the day"
    assert "loan.due" in keys_of(office.sales) and "loan.due" not in keys_of(office.head)
    late(office, loan, 1)
    with database.write() as session:
        session.get_one(Loan, loan).reminded_at = now() - timedelta(days=1)
    assert [reminders.remind(database) for _ in range(2)] == [1, 0], "once a day"
    assert all("loan.overdue" in keys_of(client) for client in (office.sales, office.head, office.archivist))
    assert ok(office.sales.get(f"/api/v1/loans/{loan}"))["overdue"]


def test_rule_16_loss_and_damage_are_incidents(office):
    grant = office.granted(kind="loan")
    loan = created(hand_out(office, grant))["id"]
    ok(office.archivist.post(f"/api/v1/loans/{loan}/return", json={"condition": "damaged", "text": "封面撕破"}))
    (incident,) = ok(office.archivist.get("/api/v1/incidents"))["incidents"]
    assert (incident["kind"], incident["loan_id"], incident["text"]) == ("damage", loan, "封面撕破")
    loan = created(hand_out(office, grant, "damaged"))["id"]
    ok(office.archivist.post(f"/api/v1/loans/{loan}/loss", json={"text": "在途遗失"}))
    assert flags(office) == (False, True)
    assert "incident.reported" in keys_of(office.leader)
    assert hand_out(office, grant).status_code == 409
    lost = ok(office.archivist.get("/api/v1/incidents"))["incidents"][0]
    found = {"outcome": "found", "text": "在抽屉中找到"}
    assert ok(office.archivist.post(f"/api/v1/incidents/{lost['id']}/settlement", json=found))["outcome"] == "found"
    assert office.archivist.post(f"/api/v1/incidents/{lost['id']}/settlement", json=found).status_code == 409
    assert flags(office) == (False, False)
    ledger = b"".join(entry.data for entry in office.desk.ledger()).decode()
    assert "撕破" not in ledger and "抽屉" not in ledger


def test_a_lost_copy_is_an_incident_and_the_original_is_not_missing(office):
    grant = office.granted(kind="copy")
    copy = created(office.archivist.post("/api/v1/copies", json={"grant_id": grant, "item_id": office.item}))["id"]
    ok(office.archivist.post(f"/api/v1/copies/{copy}/end", json={"state": "lost", "text": "出租车上"}))
    assert flags(office) == (False, False)
    assert ok(office.archivist.get("/api/v1/incidents"))["incidents"][0]["copy_id"] == copy


def test_rule_29_rewards_and_violations_are_added_to_and_never_changed(office):
    def enter(client: TestClient, whom: TestClient, **more) -> tuple[int, dict]:
        body = {"person_id": id_of(whom), "kind": "violation", "cause": "private-copy", "text": "私自拍照"} | more
        answer = client.post("/api/v1/conduct-records", json=body)
        return answer.status_code, answer.json()

    status, record = enter(office.head, office.sales)
    assert status == 201 and "conduct.violation" in keys_of(office.sales)
    assert enter(office.head, office.sales, kind="reward", cause="well-kept", amends=record["id"])[0] == 201
    assert enter(office.sales, office.head)[0] == 403
    assert enter(office.head, office.person(Role.STAFF, ESTATES))[0] == 404, "of one's own department"
    assert enter(office.head, office.head)[0] == 403
    assert enter(office.head, office.sales, fine=500)[0] in (201, 422)

    def seen(client: TestClient) -> int:
        return len(ok(client.get("/api/v1/conduct-records"))["records"])

    count = seen(office.leader)
    assert seen(office.sales) == seen(office.head) == seen(office.person(Role.AUDITOR)) == count >= 2
    assert seen(office.person(Role.STAFF, SALES)) == 0
    text = office.leader.get("/api/v1/conduct-records").text
    assert "fine" not in text and "500" not in text, "the archive computes and keeps no fine"
    for method in ("PUT", "PATCH", "DELETE"):
        assert office.head.request(method, f"/api/v1/conduct-records/{record['id']}").status_code in (404, 405)
    assert "私自" not in b"".join(entry.data for entry in office.desk.ledger()).decode()
