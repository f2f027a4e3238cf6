"""A change of policy is proposed by one person and put in force by another."""

import json

import pytest

from services.kernel.model import Role
from services.kernel.policy import model
from tests.desk import Desk, TestClient

CHANGED = model.to_yaml(model.default()).replace("most_items: 50", "most_items: 20")


def propose(client: TestClient, body: str = CHANGED) -> dict:
    answer = client.post("/api/v1/policy/versions", json={"body": body, "reason": "第二十条修订"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def decide(client: TestClient, number: int, approves: bool = True):
    return client.post(f"/api/v1/policy/versions/{number}/decision", json={"approves": approves})


@pytest.fixture
def editor(desk: Desk) -> TestClient:
    return desk.client(Role.ARCHIVIST)


@pytest.fixture
def leader(desk: Desk) -> TestClient:
    return desk.client(Role.COMPANY_LEADER)


def in_force(client: TestClient) -> tuple[int, int]:
    answer = client.get("/api/v1/policy")
    return int(answer.headers["Muniment-Policy"]), model.parse(answer.text).access.most_items


def test_it_holds_once_another_has_put_it_in_force(desk, editor, leader):
    assert in_force(editor) == (0, 50)
    number = propose(editor)["number"]
    assert in_force(editor) == (0, 50), "a proposal changes nothing"
    assert "-  most_items: 50\n+  most_items: 20" in leader.get(f"/api/v1/policy/versions/{number}/changes").text
    assert decide(leader, number).json()["state"] == "in_force"
    assert in_force(editor) == (number, 20)
    entries = [json.loads(entry.data) for act in ("policy.propose", "policy.enforce") for entry in desk.ledger(act)]
    assert [entry["details"]["version"] for entry in entries] == [1, 1]
    assert decide(leader, number).status_code == 409


def test_a_rejected_one_never_holds(editor, leader):
    number = propose(editor)["number"]
    assert decide(leader, number, approves=False).json()["state"] == "rejected"
    assert in_force(editor) == (0, 50)


def test_whoever_proposed_it_does_not_decide_in_another_role_either(desk, leader, editor):
    from services.kernel.identity.tables import Person, PersonRole

    number = propose(editor)["number"]
    with desk.kernel.database.write() as session:
        me = session.get_one(Person, editor.get("/api/v1/me").json()["id"])
        me.roles.append(PersonRole(role=Role.COMPANY_LEADER))
    answer = decide(editor, number)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:muniment:problem:separation-of-duties"
    assert decide(leader, number).status_code == 200


def test_what_was_overtaken_is_proposed_again(editor, leader):
    first, second = propose(editor)["number"], propose(editor, CHANGED.replace("loan_days: 14", "loan_days: 7"))["number"]
    assert decide(leader, second).status_code == 200
    assert decide(leader, first).status_code == 409


def test_nonsense_and_no_change_are_refused(editor):
    for body, status in (("a: 1", 422), ("[", 422), (model.to_yaml(model.default()), 409)):
        answer = editor.post("/api/v1/policy/versions", json={"body": body, "reason": "试试看"})
        assert answer.status_code == status, answer.text
    assert editor.get("/api/v1/policy/versions/9").status_code == 404
