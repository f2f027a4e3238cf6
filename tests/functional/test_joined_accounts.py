"""Two accounts turn out to be one natural person's: what was done in both counts as one person's from then on."""

from __future__ import annotations

import json

import pytest

from services.kernel.model import Role
from tests.desk import Desk, created, ok
from tests.functional.test_access import SALES, decision
from tests.functional.test_policy import propose
from tests.functional.test_separation_of_duties import Bureau, refused


@pytest.fixture
def bureau(desk: Desk) -> Bureau:
    return Bureau(desk)


def join(bureau: Bureau, one, other):
    return bureau.admin.post(f"/api/v1/people/{one.person}/accounts", json={"account_id": other.person})


def test_what_was_done_in_the_one_binds_the_other(bureau):
    head = bureau.person(Role.DEPARTMENT_HEAD, SALES)
    asked = bureau.ask()
    told = ok(join(bureau, head, bureau.sales))
    assert {each["id"] for each in told["accounts"]} == {head.person, bureau.sales.person} and told["breaches"] == []
    refused(decision(head, asked))
    assert ok(decision(bureau.head, asked))["state"] == "granted"


def test_what_both_did_already_is_told_and_on_the_ledger(bureau):
    editor, leader, auditor = bureau.person(Role.ARCHIVIST), bureau.person(Role.COMPANY_LEADER), bureau.person(Role.AUDITOR)
    version = propose(editor)["number"]
    ok(leader.post(f"/api/v1/policy/versions/{version}/decision", json={"approves": True}))
    told = ok(join(bureau, editor, leader))["breaches"]
    assert told == [{"kind": "policy", "subject_id": str(version), "duties": ["approve_policy", "edit_policy"]}]
    entry = json.loads(bureau.desk.ledger("person.join")[-1].data)["details"]
    assert entry["breaches"] == [f"policy {version}"]
    assert [each["key"] for each in ok(auditor.get("/api/v1/notices"))["notices"]] == ["person.joined"]


def test_two_signatures_of_one_person_are_one(bureau):
    """A round that asks for two people is not done by two accounts of one, found out between."""
    from services.kernel.approvals import decisions
    from services.kernel.approvals.decisions import Matter
    from services.kernel.clock import now
    from services.kernel.identity.duties import Subject
    from services.kernel.policy.model import Approver
    from tests.functional.test_separation_of_duties import principal

    one, two = bureau.person(Role.COMPANY_LEADER), bureau.person(Role.COMPANY_LEADER)
    rounds = ((Approver(roles=(Role.COMPANY_LEADER,), quorum=3),),)
    matter = Matter(Subject("destruction", "b", now()), "digest", rounds, 0)
    for each in (one, two):
        who = principal(bureau.desk, each)
        with bureau.desk.kernel.database.write() as session:
            decisions.decide(session, who, matter, approves=True, reason="")
    with bureau.desk.kernel.database.read() as session:
        assert decisions.standing_of(session, matter).seats[0].missing == 1
    ok(join(bureau, one, two))
    with bureau.desk.kernel.database.read() as session:
        assert decisions.standing_of(session, matter).seats[0].missing == 2


def test_who_may_not_hold_both_roles_is_not_joined(bureau):
    refused(join(bureau, bureau.person(Role.AUDITOR), bureau.person(Role.CLERK)))


def test_nobody_joins_their_own_nor_a_program_s(bureau):
    other = bureau.person(Role.ADMIN)
    admin = bureau.admin.get("/api/v1/me").json()["id"]
    assert bureau.admin.post(f"/api/v1/people/{other.person}/accounts", json={"account_id": admin}).status_code == 403
    service = bureau.person(Role.SERVICE, like=bureau.head)
    assert join(bureau, bureau.person(Role.STAFF), service).status_code == 422
    one, two = bureau.person(Role.STAFF), bureau.person(Role.STAFF)
    ok(join(bureau, one, two))
    assert join(bureau, two, one).status_code == 409
    assert bureau.head.post(f"/api/v1/people/{one.person}/accounts", json={"account_id": two.person}).status_code == 403


def test_what_the_one_delegated_to_the_other_ends(bureau):
    deputy = bureau.person(Role.STAFF, SALES)
    created(bureau.delegate(bureau.head, deputy, Role.DEPARTMENT_HEAD))
    ok(join(bureau, bureau.head, deputy))
    assert not ok(deputy.get("/api/v1/delegations"))["delegations"][0]["live"]
