"""From a request to a grant and its end: who may ask, who must sign, who is told, what then opens."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from services.access.requests import service as requests
from services.access.requests.tables import AccessRequest
from services.kernel.clock import now
from services.kernel.grants.tables import Grant
from services.kernel.identity import accounts
from services.kernel.identity.tables import Delegation, Person, PersonRole
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.desk import Desk, TestClient, created, ok

SALES, ESTATES = "营销部", "工程部"
PURPOSE = "核对张伟的付款日期"


class Office:
    """A sales department and the others whom a request meets."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sales = self.person(Role.STAFF, SALES)
        self.head = self.person(Role.DEPARTMENT_HEAD, SALES)
        self.leader = self.person(Role.COMPANY_LEADER)
        self.archivist = self.person(Role.ARCHIVIST)
        self.item = self.archived("商品房买卖合同\n买受人：张伟", "第二页")

    def archived(self, *pages: str, **values) -> str:
        item = self.desk.item(self.archivist, *pages)
        with self.desk.kernel.database.write() as session:
            row = session.get_one(Item, item)
            for name, value in ({"state": ItemState.ARCHIVED} | values).items():
                setattr(row, name, value)
        return item

    def person(self, role: Role, department: str | None = None, *, like: TestClient | None = None) -> TestClient:
        """``like``: another account of the same natural person."""
        with self.desk.kernel.database.write() as session:
            count = session.query(Person).count()
            person = accounts.add_person(session, f"{role}-{count}", role, department=department)
            if like is not None:
                person.natural_id = session.get_one(Person, id_of(like)).natural_id
            token = accounts.issue_token(session, person)
        return TestClient(self.desk.app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)

    def ask(self, client: TestClient | None = None, *items: str, **more) -> str:
        body = {"kind": "read", "item_ids": list(items or [self.item]), "purpose": PURPOSE} | more
        return str(created((client or self.sales).post("/api/v1/access-requests", json=body))["id"])

    def granted(self, *items: str, **more) -> str:
        """A grant for the salesperson, approved by all whom policy names."""
        asked = self.ask(self.sales, *items, **more)
        approve(self.head, asked)
        if more.get("kind") == "loan":
            approve(self.archivist, asked)
        return str(ok(self.sales.get(f"/api/v1/access-requests/{asked}"))["grant_id"])

    def role(self, client: TestClient, role: Role, department: str | None = None) -> None:
        with self.desk.kernel.database.write() as session:
            person = session.get_one(Person, id_of(client))
            person.department = department or person.department
            session.add(PersonRole(person_id=person.id, role=role))

    def left(self, client: TestClient) -> None:
        with self.desk.kernel.database.write() as session:
            session.execute(update(PersonRole).where(PersonRole.person_id == id_of(client)).values(until=now()))

    def entries(self, act: str) -> list[dict]:
        return [json.loads(entry.data) for entry in self.desk.ledger(act)]


def id_of(client: TestClient) -> str:
    return str(client.get("/api/v1/me").json()["id"])


def decision(client: TestClient, asked: str, *, approves: bool = True):
    body = {"approves": approves, "reason": "" if approves else "目的不明"}
    return client.post(f"/api/v1/access-requests/{asked}/decision", json=body)


def approve(client: TestClient, asked: str) -> dict:
    return ok(decision(client, asked))


def page(client: TestClient, item: str):
    return client.get(f"/api/v1/items/{item}/pages/1/image")


def keys_of(client: TestClient) -> list[str]:
    return [each["key"] for each in client.get("/api/v1/notices").json()["notices"]]


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


# ── the way of a request ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_12_a_request_becomes_a_grant_for_a_person_a_scope_a_purpose_and_a_time(office):
    asked = office.ask(days=3)
    assert page(office.sales, office.item).status_code == 403
    (waiting,) = ok(office.head.get("/api/v1/access-requests/waiting"))["requests"]
    assert waiting["purpose"] == PURPOSE and waiting["waits_for_me"]
    assert approve(office.head, asked)["state"] == "granted"
    (grant,) = ok(office.sales.get("/api/v1/grants?live=true"))["grants"]
    assert grant["items"] == [{"id": office.item, "reference_code": grant["items"][0]["reference_code"], "open": True}]
    assert page(office.sales, office.item).status_code == 200
    assert page(office.person(Role.STAFF, SALES), office.item).status_code == 403
    assert "access.asked" in keys_of(office.head) and "access.granted" in keys_of(office.sales)
    assert "access.told" in keys_of(office.archivist), "policy names who must know"
    with office.desk.kernel.database.read() as session:
        row = session.get_one(Grant, grant["id"])
        assert timedelta(days=2, hours=23) < row.until - now() < timedelta(days=3)
        assert row.first_used_at is not None
    ledger = b"".join(entry.data for entry in office.desk.ledger()).decode()
    assert "张伟" not in ledger and f'"grant":"{grant["id"]}"' in ledger
    assert [each["details"]["policy"] for each in office.entries("access.approve")] == [0]


def test_the_purpose_lies_in_no_column_in_plain(office):
    asked = office.ask()
    with office.desk.kernel.database.read() as session:
        assert "张伟".encode() not in session.get_one(AccessRequest, asked).purpose_sealed


def test_a_refusal_needs_a_reason_and_ends_it(office):
    asked = office.ask()
    address = f"/api/v1/access-requests/{asked}/decision"
    assert office.head.post(address, json={"approves": False}).status_code == 422
    assert ok(decision(office.head, asked, approves=False))["state"] == "rejected"
    assert decision(office.head, asked).status_code == 409
    assert page(office.sales, office.item).status_code == 403
    assert "access.rejected" in keys_of(office.sales)


def test_a_request_can_be_withdrawn_by_whoever_made_it(office):
    asked = office.ask()
    address = f"/api/v1/access-requests/{asked}/withdrawal"
    assert office.head.post(address).status_code == 403
    assert ok(office.sales.post(address))["state"] == "withdrawn"
    assert decision(office.head, asked).status_code == 404, "it is no longer the head's business"


def test_a_request_repeated_under_its_key_is_one(office):
    body = {"kind": "read", "item_ids": [office.item], "purpose": PURPOSE}
    answers = [
        created(office.sales.post("/api/v1/access-requests", json=body, headers={"Idempotency-Key": "a"})) for _ in range(2)
    ]
    assert answers[0] == answers[1] and len(office.entries("access.ask")) == 1


def test_rounds_follow_each_other(office):
    asked = office.ask(kind="loan")
    assert decision(office.archivist, asked).status_code == 403, "the archivist is asked in the second round"
    assert approve(office.head, asked)["state"] == "open"
    assert "access.asked" in keys_of(office.archivist)
    assert approve(office.archivist, asked)["state"] == "granted"


def test_a_head_of_another_department_knows_nothing_of_it(office):
    other, asked = office.person(Role.DEPARTMENT_HEAD, ESTATES), office.ask()
    assert decision(other, asked).status_code == other.get(f"/api/v1/access-requests/{asked}").status_code == 404
    assert ok(other.get("/api/v1/access-requests/waiting"))["requests"] == []


# ── what cannot be asked for ──────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_11_only_insiders_who_may_know_of_an_item_ask_for_it(office):
    body = {"kind": "read", "item_ids": [office.item], "purpose": PURPOSE}
    for role in (Role.CLERK, Role.AUDITOR, Role.ADMIN, Role.WITNESS, Role.SERVICE):
        assert office.person(role).post("/api/v1/access-requests", json=body).status_code == 403
    assert office.desk.client().post("/api/v1/access-requests", json=body).status_code == 401
    destroyed = office.archived("一份合同", state=ItemState.DESTROYED)
    absent, gone = (
        office.sales.post("/api/v1/access-requests", json=body | {"item_ids": [each]}).json() | {"request_id": ""}
        for each in ("00000000-0000-7000-8000-000000000000", destroyed)
    )
    assert absent == gone and absent["status"] == 404


@pytest.mark.parametrize(
    ("values", "kind", "status"),
    [
        ({"state": ItemState.CATALOGUED}, "read", 409),
        ({"state": ItemState.DESTROYING}, "read", 409),
        ({"restricted": True}, "read", 409),
        ({"missing": True}, "loan", 409),
        ({"fragile": True}, "loan", 409),
        ({"fragile": True}, "read", 201),
        ({"missing": True}, "read", 201),
    ],
)
def test_what_cannot_be_had_is_refused_at_once(office, values, kind, status):
    item = office.archived("一份合同", **values)
    body = {"kind": kind, "item_ids": [item], "purpose": PURPOSE}
    assert office.sales.post("/api/v1/access-requests", json=body).status_code == status


def test_policy_bounds_days_and_items(office):
    body = {"kind": "read", "item_ids": [office.item], "purpose": PURPOSE}
    assert office.sales.post("/api/v1/access-requests", json=body | {"days": 8}).status_code == 422
    many = [f"{number:08d}-0000-7000-8000-000000000000" for number in range(51)]
    answer = office.sales.post("/api/v1/access-requests", json=body | {"item_ids": many})
    assert answer.status_code == 422 and "50" in answer.json()["detail"]


# ── who signs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def forbidden(answer) -> bool:
    return (answer.status_code, answer.json()["type"]) == (403, "urn:muniment:problem:separation-of-duties")


def test_requester_and_approver_are_two_natural_persons_on_every_road(office):
    """The same person under two roles, two accounts, by delegation, as its giver, and after a change of role."""
    asked = office.ask()
    office.role(office.sales, Role.DEPARTMENT_HEAD)
    assert forbidden(decision(office.sales, asked)), "a requester who becomes department head"
    second = office.person(Role.DEPARTMENT_HEAD, SALES, like=office.sales)
    assert forbidden(decision(second, asked)), "a second account"
    deputy = office.person(Role.STAFF, SALES)
    with office.desk.kernel.database.write() as session:
        until = now() + timedelta(days=1)
        for giver, taker in ((office.sales, deputy), (office.head, office.sales)):
            given = {"giver_id": id_of(giver), "taker_id": id_of(taker), "role": Role.DEPARTMENT_HEAD}
            session.add(Delegation(**given, reason="出差", until=until))
    assert forbidden(decision(deputy, asked)), "a deputy of the requester"
    assert forbidden(decision(office.sales, asked)), "the requester as a deputy of the head"
    assert approve(office.head, asked)["state"] == "granted"


def test_hard_case_10_signatures_stay_and_open_seats_are_rerouted(office):
    asked = office.ask(kind="loan")
    approve(office.head, asked)
    office.left(office.head)
    assert approve(office.archivist, asked)["state"] == "granted", "what was signed stays signed"
    waits = office.ask()
    successor = office.person(Role.DEPARTMENT_HEAD, SALES)
    assert decision(office.head, waits).status_code == 403
    assert [each["id"] for each in ok(successor.get("/api/v1/access-requests/waiting"))["requests"]] == [waits]
    assert approve(successor, waits)["state"] == "granted"


def test_a_deputy_signs_for_the_head_and_both_are_named(office):
    deputy = office.person(Role.STAFF, SALES)
    until = (now() + timedelta(days=5)).isoformat()
    body = {"taker_id": id_of(deputy), "role": "department_head", "until": until, "reason": "出差"}
    given = created(office.head.post("/api/v1/delegations", json=body))
    asked = office.ask()
    assert {"delegation.given", "access.asked"} <= set(keys_of(deputy))
    (signature,) = approve(deputy, asked)["signatures"]
    assert (signature["person"]["id"], signature["for"]["id"]) == (id_of(deputy), id_of(office.head))
    assert office.entries("access.approve")[0]["details"]["for"] == id_of(office.head)
    ok(deputy.post(f"/api/v1/delegations/{given['id']}/revocation"))
    assert decision(deputy, office.ask()).status_code == 403


def test_only_one_s_own_role_is_delegated_to_another_person_for_a_while(office):
    def give(client: TestClient, taker: TestClient, role: str = "department_head", days: float = 5) -> int:
        until = (now() + timedelta(days=days)).isoformat()
        body = {"taker_id": id_of(taker), "role": role, "until": until, "reason": "出差"}
        return client.post("/api/v1/delegations", json=body).status_code

    deputy = office.person(Role.STAFF, SALES)
    assert give(office.head, deputy, "archivist") == 403, "not held"
    assert give(office.head, office.person(Role.STAFF, SALES, like=office.head)) == 403, "oneself"
    assert give(office.head, office.person(Role.ADMIN)) == give(office.head, office.person(Role.AUDITOR)) == 403, "clashes"
    assert give(office.head, deputy, days=-1) == give(office.head, deputy, days=91) == 422
    assert give(office.head, deputy) == 201
    assert give(deputy, office.person(Role.STAFF, SALES)) == 403, "not passed on"
    takers = {each["id"] for each in ok(office.head.get("/api/v1/delegations/takers"))["people"]}
    assert id_of(deputy) in takers and id_of(office.head) not in takers


def test_what_waits_too_long_goes_to_those_whom_policy_names(office):
    asked = office.ask()
    assert requests.escalate(office.desk.kernel_of("schedule").database) == 0
    assert decision(office.leader, asked).status_code == 403
    with office.desk.kernel.database.write() as session:
        session.get_one(AccessRequest, asked).created_at = now() - timedelta(hours=49)
        digest = session.get_one(AccessRequest, asked)
        assert digest.escalated_at is None
    with office.desk.kernel.database.write() as session:  # roles are those of the moment when it was made
        session.execute(update(PersonRole).values(since=now() - timedelta(days=9)))
    assert requests.escalate(office.desk.kernel_of("schedule").database) == 1
    assert requests.escalate(office.desk.kernel_of("schedule").database) == 0
    assert "access.asked" in keys_of(office.leader)
    assert approve(office.leader, asked)["state"] == "granted"


def test_where_nobody_else_could_sign_it_goes_up_at_once(office):
    asked = office.ask(office.head)
    assert ok(office.head.get(f"/api/v1/access-requests/{asked}"))["escalated_at"]
    assert forbidden(decision(office.head, asked))
    assert approve(office.leader, asked)["state"] == "granted"


# ── how a grant ends ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grant_is_ended_by_its_person_its_approver_or_the_archivist(office):
    for client in (office.sales, office.head, office.archivist):
        grant = office.granted()
        assert page(office.sales, office.item).status_code == 200
        bystander = office.person(Role.STAFF, SALES)
        assert bystander.post(f"/api/v1/grants/{grant}/revocation").status_code == 404
        assert ok(client.post(f"/api/v1/grants/{grant}/revocation"))["state"] == "revoked"
        assert client.post(f"/api/v1/grants/{grant}/revocation").status_code == 409
        assert page(office.sales, office.item).status_code == 403
    assert keys_of(office.sales).count("grant.revoked") == 2, "not for what one gave back oneself"


def test_hard_case_12_what_is_being_destroyed_is_not_granted(office):
    asked = office.ask()
    with office.desk.kernel.database.write() as session:
        session.get_one(Item, office.item).state = ItemState.DESTROYING
    assert approve(office.head, asked)["state"] == "void"
    assert page(office.sales, office.item).status_code == 403


def test_refusals_are_on_the_ledger_though_nothing_is_shown(office):
    for what in ("text", "pdf", "pages/1/image"):
        assert office.sales.get(f"/api/v1/items/{office.item}/{what}").status_code == 403
    refused = [each for act in ("text.read", "pdf.read", "page.read") for each in office.entries(act)]
    assert [each["result"] for each in refused] == ["refused"] * 3
    assert {(each["actor"], each["item"], each["details"]["why"]) for each in refused} == {
        (id_of(office.sales), office.item, "needs-grant")
    }


# ── consultation, notices ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_14_a_consultation_is_answered_from_the_catalogue_alone_and_logged(office):
    asked = office.ask(kind="consult")
    answer = office.sales.get(f"/api/v1/access-requests/{asked}/consultation")
    (entry,) = ok(answer)["items"]
    assert entry["id"] == office.item and not entry["content_open"] and "张伟" not in answer.text
    assert office.entries("consult.answer")[0]["details"]["items"] == [office.item]
    assert page(office.sales, office.item).status_code == 403
    read = office.ask()
    assert office.sales.get(f"/api/v1/access-requests/{read}/consultation").status_code == 409


def test_a_receipt_is_given_once_and_for_one_s_own_notices(office):
    office.ask()
    notice = ok(office.head.get("/api/v1/notices?unread=true"))["notices"][0]
    assert office.sales.post(f"/api/v1/notices/{notice['id']}/receipt").status_code == 404
    first, second = (ok(office.head.post(f"/api/v1/notices/{notice['id']}/receipt")) for _ in range(2))
    assert first["received_at"] == second["received_at"]
    assert len(office.entries("notice.receive")) == 1
    assert ok(office.head.get("/api/v1/notices"))["unread"] == 0
