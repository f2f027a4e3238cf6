"""Proposer, approver, executor and witness of a destruction are different natural persons, on every road (rules.md section 3):
two roles at once, a second account, a delegation, a change of role; and no service account plays any of them."""

from __future__ import annotations

import pytest

from services.kernel.identity.tables import Person
from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, ok
from tests.destruction import Hall
from tests.functional.test_access import SALES, id_of
from tests.functional.test_separation_of_duties import NO_RIGHT, REFUSAL, ROADS, Bureau, refused


class Court(Hall, Bureau):
    """The hall, staffed by its administrator over HTTP; one item is due."""

    TEXTS = Hall.TEXTS[:1]

    def named(self, batch: str, witness: TestClient, capacity: str = "supervisor"):
        return self.act(self.archivist, batch, "witnesses", person_id=witness.person, capacity=capacity)


@pytest.fixture
def court(desk: Desk) -> Court:
    return Court(desk)


@pytest.mark.parametrize("road", ROADS)
def test_who_proposed_does_not_approve(court, road):
    batch = court.submitted()
    ok(court.decide(court.head, batch))
    again = court.lead(road, court.archivist, Role.ARCHIVIST, Role.COMPANY_LEADER, court.leader)
    refused(court.decide(again, batch))
    assert ok(court.decide(court.leader, batch))["state"] == "APPROVED"


def test_nobody_approves_for_who_proposed(court):
    court.give(court.archivist, Role.COMPANY_LEADER)
    batch = court.submitted()
    ok(court.decide(court.head, batch))
    deputy = court.person(Role.STAFF, SALES)
    created(court.delegate(court.archivist, deputy, Role.COMPANY_LEADER))
    refused(court.decide(deputy, batch))


@pytest.mark.parametrize("road", ROADS)
def test_who_approved_does_not_approve_again_in_another_role(court, road):
    batch = court.submitted()
    ok(court.decide(court.head, batch))
    again = court.lead(road, court.head, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER, court.leader)
    refused(court.decide(again, batch))


@pytest.mark.parametrize("road", [road for road in ROADS if road != "delegation"])
@pytest.mark.parametrize("part", ["proposer", "approver"])
def test_who_proposed_or_approved_does_not_witness(court, road, part):
    """To witness is nobody's to delegate."""
    batch = court.approved()
    before, role = {"proposer": (court.archivist, Role.ARCHIVIST), "approver": (court.head, Role.DEPARTMENT_HEAD)}[part]
    witness = court.lead(road, before, role, Role.WITNESS, court.leader)
    if road == "role change" and part == "proposer":
        court.archivist = court.executor  # another archivist goes on
    answer = court.named(batch, witness)
    assert answer.status_code == 403 and answer.json()["type"].endswith("separation-of-duties"), answer.text


@pytest.mark.parametrize("road", [road for road in ROADS if road != "delegation"])
def test_who_witnessed_does_not_approve_what_is_submitted_again(court, road):
    batch = court.ready()
    assert ok(court.count(court.supervisor, batch))["matches"]
    ok(court.act(court.archivist, batch, "submission"))
    ok(court.decide(court.head, batch))
    again = court.lead(road, court.supervisor, Role.WITNESS, Role.COMPANY_LEADER, court.leader)
    refused(court.decide(again, batch))


def test_two_accounts_of_one_person_are_one_witness(court):
    batch = court.ready()
    second = court.person(Role.WITNESS, like=court.supervisor)
    answer = court.named(batch, second)
    assert answer.status_code == 403 and answer.json()["type"].endswith("separation-of-duties")
    third = court.person(Role.WITNESS)
    ok(court.named(batch, third))
    with court.desk.kernel.database.write() as session:  # it comes out later that they are one
        natural = session.get_one(Person, id_of(court.supervisor)).natural_id
        session.get_one(Person, third.person).natural_id = natural
    ok(court.count(court.technician, batch))
    refused(court.count(third, batch))


PARTS = ("proposer", "approver", "witness")


def played(court: Court, part: str) -> tuple[TestClient, Role]:
    """Who played it in a batch that was counted."""
    return {
        "proposer": (court.archivist, Role.ARCHIVIST),
        "approver": (court.head, Role.DEPARTMENT_HEAD),
        "witness": (court.supervisor, Role.WITNESS),
    }[part]


@pytest.mark.parametrize(
    ("part", "road"), [(part, road) for part in PARTS for road in ROADS if (part, road) != ("witness", "role change")]
)
def test_who_proposed_approved_or_witnessed_does_not_execute(court, road, part):
    """An archivist executes; whoever proposed is one already. What is nobody's to delegate is refused as such. Where a
    witness is one no more nobody begins at all."""
    batch = court.counted()
    before, role = played(court, part)
    is_one = part == "proposer" and road in ("two roles", "role change")
    again = before if is_one else court.lead(road, before, role, Role.ARCHIVIST, court.executor)
    refused(court.act(again, batch, "execution"), *((REFUSAL, NO_RIGHT) if road == "delegation" else ()))
    assert court.act(court.executor, batch, "execution").status_code == 201


@pytest.mark.parametrize("part", PARTS)
def test_who_played_another_part_does_not_send_it_off_again(court, part):
    batch = court.counted()
    assert court.act(court.executor, batch, "execution").status_code == 201
    ok(court.act(court.executor, batch, "execution/pause"))
    before, role = played(court, part)
    again = before if part == "proposer" else court.lead("two roles", before, role, Role.ARCHIVIST, court.executor)
    refused(court.act(again, batch, "execution/resume"))
    ok(court.act(court.executor, batch, "execution/resume"))


@pytest.mark.parametrize("road", [road for road in ROADS if road != "delegation"])
def test_who_executes_does_not_witness(court, road):
    batch = court.counted()
    assert court.act(court.executor, batch, "execution").status_code == 201
    ok(court.act(court.executor, batch, "execution/pause"))
    witness = court.lead(road, court.executor, Role.ARCHIVIST, Role.WITNESS, court.leader)
    answer = court.named(batch, witness)
    assert answer.status_code == 403 and answer.json()["type"].endswith("separation-of-duties"), answer.text


def test_nobody_executes_by_a_service_account(court):
    batch = court.counted()
    machine = court.person(Role.SERVICE, like=court.executor)
    assert court.act(machine, batch, "execution").status_code == 403
    assert court.act(machine, batch, "execution/resume").status_code == 403


def test_the_administrator_and_a_service_account_have_no_part(court):
    batch = court.ready()
    for nobody in (court.person(Role.ADMIN), court.person(Role.SERVICE, like=court.supervisor)):
        assert court.named(batch, nobody).status_code == 422
        assert court.count(nobody, batch).status_code == 403
        assert court.decide(nobody, batch).status_code == 403
