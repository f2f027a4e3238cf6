"""The table of rules.md section 3, row by row: one natural person tries both parts, on every road that leads there.

Rooms that are not built yet (destruction) have no route to try: their rows ask the one function that they will ask
(``kernel.identity.duties.assume``), on the same roads.
"""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from services.kernel.clock import now
from services.kernel.errors import Forbidden
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal
from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, ok
from tests.functional.test_access import SALES, Office, decision
from tests.functional.test_policy import propose

REFUSAL = "urn:muniment:problem:separation-of-duties"
NO_RIGHT = "urn:muniment:problem:forbidden"
ROADS = ("two roles", "second account", "delegation", "role change")


class Bureau(Office):
    """The office, staffed by its administrator over HTTP."""

    def __init__(self, desk: Desk) -> None:
        self.admin = desk.client(Role.ADMIN)
        super().__init__(desk)

    def person(self, role: Role, department: str | None = None, *, like: TestClient | None = None) -> TestClient:
        body = {"name": f"{role}-{now().timestamp()}", "role": role, "department": department}
        added = created(self.admin.post("/api/v1/people", json=body | {"natural_id": like.person if like else None}))
        token = created(self.admin.post(f"/api/v1/people/{added['id']}/tokens"))["token"]
        client = TestClient(self.desk.app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)
        client.person = added["id"]  # who has no role at the moment cannot be asked
        return client

    def give(self, client: TestClient, role: Role) -> None:
        created(self.admin.post(f"/api/v1/people/{client.person}/roles", json={"role": role}))

    def end(self, client: TestClient, role: Role) -> None:
        assert self.admin.delete(f"/api/v1/people/{client.person}/roles/{role}").status_code == 204

    def delegate(self, giver: TestClient, taker: TestClient, role: Role):
        until = (now() + timedelta(days=2)).isoformat()
        body = {"taker_id": taker.person, "role": role, "until": until, "reason": "出差"}
        return giver.post("/api/v1/delegations", json=body)

    def lead(self, road: str, client: TestClient, was: Role, becomes: Role, giver: TestClient) -> TestClient:
        """Whoever did the first part (``client``, in the role ``was``), in the role that the second asks for."""
        match road:
            case "two roles":
                self.give(client, becomes)
            case "second account":
                department = client.get("/api/v1/me").json()["department"]
                return self.person(becomes, department, like=client)
            case "delegation":
                created(self.delegate(giver, client, becomes))
            case "role change":
                self.end(client, was)
                self.give(client, becomes)
        return client


@pytest.fixture
def bureau(desk: Desk) -> Bureau:
    return Bureau(desk)


def refused(answer, *types: str) -> None:
    """A clear error: its kind, and whom to ask instead."""
    assert answer.status_code == 403, answer.text
    assert answer.json()["type"] in (types or (REFUSAL,)), answer.text
    words = answer.json()["detail"].lower()
    assert any(next_step in words for next_step in ("ask", "choose", "end the one first")), "it tells what to do next"


# ── scanning clerk ≠ quality checker ≠ sign-off ───────────────────────────────────────────────────────────────────────────


def check(client: TestClient, item: str):
    return client.post("/api/v1/filings/checks", json={"item_ids": [item]})


def sign(client: TestClient, form: str):
    return client.post(f"/api/v1/filings/{form}/signature", json={"approves": True})


@pytest.mark.parametrize("road", ROADS)
def test_who_scanned_neither_checks_nor_signs(bureau, road):
    desk, clerk = bureau.desk, bureau.person(Role.CLERK)
    first, second = desk.item(clerk, "会议纪要"), desk.item(clerk, "保密约定")
    form = desk.submitted(clerk, second)
    again = bureau.lead(road, clerk, Role.CLERK, Role.ARCHIVIST, bureau.archivist)
    refused(check(again, first))
    # A delegation lends decisions on requests; the right to sign the filing form is not lent at all.
    refused(sign(again, form), *((NO_RIGHT,) if road == "delegation" else (REFUSAL,)))
    assert ok(sign(desk.signer, form)), "another person signs"


@pytest.mark.parametrize("road", ["two roles", "second account", "role change"])
def test_who_checked_does_not_sign(bureau, road):
    desk, clerk = bureau.desk, bureau.person(Role.CLERK)
    checker = bureau.person(Role.ARCHIVIST)
    desk.__dict__["checker"] = checker
    form = desk.submitted(clerk, desk.item(clerk, "会议纪要"))
    if road == "second account":
        again = bureau.person(Role.ARCHIVIST, like=checker)
    else:
        bureau.give(checker, Role.COMPANY_LEADER)
        if road == "role change":
            bureau.end(checker, Role.ARCHIVIST)
            bureau.give(checker, Role.ARCHIVIST)
        again = checker
    refused(sign(again, form))


# ── requester ≠ approver ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("road", ROADS)
def test_who_asked_does_not_approve(bureau, road):
    asked = bureau.ask()
    again = bureau.lead(road, bureau.sales, Role.STAFF, Role.DEPARTMENT_HEAD, bureau.head)
    refused(decision(again, asked))
    assert ok(decision(bureau.head, asked))["state"] == "granted"


def test_nobody_approves_for_the_one_who_asked(bureau):
    asked = bureau.ask(bureau.head)
    deputy = bureau.person(Role.STAFF, SALES)
    created(bureau.delegate(bureau.head, deputy, Role.DEPARTMENT_HEAD))
    refused(decision(deputy, asked))


def test_nobody_delegates_to_an_account_of_their_own(bureau):
    refused(bureau.delegate(bureau.head, bureau.person(Role.STAFF, SALES, like=bureau.head), Role.DEPARTMENT_HEAD))


# ── policy editor ≠ approver of that change ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("road", ROADS)
def test_who_wrote_a_policy_does_not_put_it_in_force(bureau, road):
    editor = bureau.person(Role.ARCHIVIST)
    version = propose(editor)["number"]
    again = bureau.lead(road, editor, Role.ARCHIVIST, Role.COMPANY_LEADER, bureau.leader)
    answer = again.post(f"/api/v1/policy/versions/{version}/decision", json={"approves": True})
    refused(answer, *((NO_RIGHT,) if road == "delegation" else (REFUSAL,)))
    assert ok(bureau.leader.post(f"/api/v1/policy/versions/{version}/decision", json={"approves": True}))


# ── admin ∉ {approver, witness, auditor}; auditor has no write role ───────────────────────────────────────────────────────

APPROVERS = (Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER)
WITH_ADMIN = (*APPROVERS, Role.WITNESS, Role.AUDITOR)
WRITES = tuple(role for role in Role if role not in (Role.AUDITOR, *duties.PROGRAMS))
PAIRS = [(Role.ADMIN, other) for other in WITH_ADMIN] + [(Role.AUDITOR, other) for other in WRITES]


@pytest.mark.parametrize(("held", "other"), PAIRS)
def test_roles_that_are_kept_apart_are_not_given_to_one_person(bureau, held, other):
    someone, opposite = bureau.person(held, SALES), bureau.person(other, SALES)
    for client, more in ((someone, other), (opposite, held)):
        refused(bureau.admin.post(f"/api/v1/people/{client.person}/roles", json={"role": more}))
        same = {"name": f"另一账号-{more}", "role": more, "natural_id": client.person}
        refused(bureau.admin.post("/api/v1/people", json=same))
    if other in APPROVERS:
        refused(bureau.delegate(opposite, someone, other))
    bureau.end(someone, held)
    bureau.give(someone, other)  # one after the other is a change, and what began before stays closed: see below


@pytest.mark.parametrize("held", [Role.ADMIN, Role.AUDITOR])
def test_who_was_one_when_it_began_does_not_approve_it_after_a_change_of_role(bureau, held):
    someone = bureau.person(held, SALES)
    asked = bureau.ask()
    bureau.end(someone, held)
    bureau.give(someone, Role.DEPARTMENT_HEAD)
    refused(decision(someone, asked))
    assert ok(decision(someone, bureau.ask()))["state"] == "granted", "what begins after it is another matter"


def test_an_approver_who_becomes_administrator_or_auditor_signs_no_more(bureau):
    asked = bureau.ask()
    created(bureau.delegate(bureau.head, deputy := bureau.person(Role.STAFF, SALES), Role.DEPARTMENT_HEAD))
    for role in (Role.ADMIN, Role.AUDITOR):
        refused(bureau.admin.post(f"/api/v1/people/{deputy.person}/roles", json={"role": role}))
    bureau.end(bureau.head, Role.DEPARTMENT_HEAD)
    assert decision(deputy, asked).status_code == 403, "what was lent ended with the role"
    bureau.give(bureau.head, Role.AUDITOR)
    assert decision(bureau.head, asked).status_code == 403


def test_a_service_account_is_no_person_in_a_duty(bureau):
    service = bureau.person(Role.SERVICE, like=bureau.head)
    refused(bureau.delegate(bureau.leader, service, Role.COMPANY_LEADER))
    answer = bureau.admin.post(f"/api/v1/people/{service.person}/roles", json={"role": Role.DEPARTMENT_HEAD})
    assert answer.status_code == 422


# ── hold placer ≠ sole releaser ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("road", ROADS)
def test_who_placed_a_hold_does_not_release_it(bureau, road):
    head, item = bureau.person(Role.DEPARTMENT_HEAD, SALES), bureau.archived("会议纪要")
    hold = created(head.post("/api/v1/holds", json={"item_ids": [item], "reason": "诉讼保全"}))["id"]
    again = bureau.lead(road, head, Role.DEPARTMENT_HEAD, Role.ARCHIVIST, bureau.archivist)
    refused(again.post(f"/api/v1/holds/{hold}/release", json={"reason": "案件已结"}))
    ok(bureau.archivist.post(f"/api/v1/holds/{hold}/release", json={"reason": "案件已结"}))


# ── rows whose rooms are not built: the function that they will ask ───────────────────────────────────────────────────────

BATCH = (Duty.PROPOSE, Duty.APPROVE, Duty.EXECUTE, Duty.WITNESS)
PARTS = [*itertools.combinations(BATCH, 2), (Duty.PLACE_HOLD, Duty.RELEASE_HOLD), (Duty.APPROVE, Duty.APPROVE)]


def principal(desk: Desk, client: TestClient) -> Principal:
    me = client.get("/api/v1/me").json()
    with desk.kernel.database.read() as session:
        natural = duties.natural_ids(session, [me["id"]])[me["id"]]
    return Principal(me["id"], me["name"], frozenset(map(Role, me["roles"])), natural_id=natural)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(("first", "second"), PARTS)
def test_destruction_and_holds_by_the_one_function(desk, road, first, second):
    bureau = Bureau.__new__(Bureau)
    bureau.desk, bureau.admin = desk, desk.client(Role.ADMIN)
    someone, leader = bureau.person(Role.ARCHIVIST), bureau.person(Role.COMPANY_LEADER)
    subject = Subject("destruction", "b", now() - timedelta(days=1))

    def play(client: TestClient, duty: Duty, for_id: str | None = None) -> None:
        with desk.kernel.database.write() as session:
            duties.assume(session, principal(desk, client), duty, subject, for_id=for_id)

    play(someone, first)
    again = bureau.lead(road, someone, Role.ARCHIVIST, Role.COMPANY_LEADER, leader)
    for_id = leader.person if road == "delegation" else None
    with pytest.raises(Forbidden, match="Ask another person") as caught:
        play(again, second, for_id)
    assert caught.value.code == "separation-of-duties"
    if for_id is not None:  # and the other way round: somebody acts for the one who has played the other part
        with pytest.raises(Forbidden):
            play(bureau.person(Role.STAFF), second, someone.person)
