"""Separation of duties: every two parts, by one natural person on every road."""

import itertools
from datetime import timedelta

import pytest

from services.kernel.clock import now
from services.kernel.errors import Forbidden
from services.kernel.identity import accounts, duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person, PersonRole
from services.kernel.model import Role

TABLE = {
    frozenset(pair)
    for group in (
        (Duty.SCAN, Duty.CHECK, Duty.SIGN_OFF),
        (Duty.REQUEST, Duty.APPROVE),
        (Duty.PROPOSE, Duty.APPROVE, Duty.EXECUTE, Duty.WITNESS),
        (Duty.PLACE_HOLD, Duty.RELEASE_HOLD),
        (Duty.EDIT_POLICY, Duty.APPROVE_POLICY),
        (Duty.HAND_OVER, Duty.TAKE_OVER),
    )
    for pair in itertools.combinations(group, 2)
} | {frozenset({Duty.APPROVE}), frozenset({Duty.WITNESS})}
"""rules.md section 3, once more and by hand; nobody approves or witnesses twice."""


def subject(since=None) -> Subject:
    return Subject("batch", "b", since or now() - timedelta(days=1))


def person(database, role: Role = Role.ARCHIVIST, *, natural: str | None = None) -> Principal:
    with database.write() as session:
        added = accounts.add_person(session, f"人{now().timestamp()}", role)
        if natural:
            added.natural_id = natural
        session.flush()
        return Principal(added.id, added.name, frozenset({role}), natural_id=added.natural_id)


def play(database, actor: Principal, duty: Duty, about: Subject, for_id: str | None = None) -> None:
    with database.write() as session:
        duties.assume(session, actor, duty, about, for_id=for_id)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(Duty, Duty)))
def test_each_two_parts(first, second):
    assert duties.clash(first, second) == (frozenset({first, second}) in TABLE)


@pytest.mark.parametrize("road", ["same account", "second account", "service account", "for the other", "the other for them"])
def test_one_natural_person_plays_one_of_them_on_every_road(database, road):
    proposer = person(database)
    play(database, proposer, Duty.PROPOSE, subject())
    other = {
        "same account": lambda: proposer,
        "second account": lambda: person(database, Role.COMPANY_LEADER, natural=proposer.natural_id),
        "service account": lambda: person(database, Role.SERVICE, natural=proposer.natural_id),
    }.get(road, lambda: person(database, Role.COMPANY_LEADER))()
    for_id = proposer.person_id if road == "for the other" else None
    if road == "the other for them":
        other, for_id = proposer, other.person_id
    with pytest.raises(Forbidden) as caught:
        play(database, other, Duty.APPROVE, subject(), for_id)
    assert caught.value.code == "separation-of-duties"


def test_who_was_acted_for_has_played_it_too(database):
    giver, taker = person(database, Role.COMPANY_LEADER), person(database)
    play(database, taker, Duty.APPROVE, subject(), giver.person_id)
    with pytest.raises(Forbidden):
        play(database, giver, Duty.WITNESS, subject())


def test_another_subject_is_another_matter(database):
    someone = person(database)
    play(database, someone, Duty.PROPOSE, subject())
    play(database, someone, Duty.APPROVE, Subject("batch", "another", now()))


def test_a_changed_role_makes_no_other_person(database):
    clerk = person(database, Role.STAFF)
    play(database, clerk, Duty.REQUEST, subject())
    with database.write() as session:
        row = session.get_one(Person, clerk.person_id)
        row.roles[0].until = now()
        row.roles.append(PersonRole(role=Role.DEPARTMENT_HEAD))
    with pytest.raises(Forbidden):
        play(database, clerk, Duty.APPROVE, subject())


@pytest.mark.parametrize(("role", "duty"), [(Role.ADMIN, Duty.APPROVE), (Role.ADMIN, Duty.WITNESS), (Role.AUDITOR, Duty.SCAN)])
def test_who_held_a_barring_role_since_it_began_is_barred(database, role, duty):
    someone = person(database, role)
    began = now()
    with database.write() as session:
        row = session.get_one(Person, someone.person_id)
        row.roles[0].until = now()
        row.roles.append(PersonRole(role=Role.ARCHIVIST))
    with pytest.raises(Forbidden):
        play(database, someone, duty, subject(began))
    play(database, someone, duty, subject(now() + timedelta(seconds=1)))


def test_an_administrator_s_second_account_is_barred_too(database):
    admin = person(database, Role.ADMIN)
    other = person(database, Role.COMPANY_LEADER, natural=admin.natural_id)
    with pytest.raises(Forbidden):
        play(database, other, Duty.APPROVE, subject())


@pytest.mark.parametrize(
    ("roles", "clash"),
    [
        ({Role.ADMIN, Role.CLERK}, False),
        ({Role.ADMIN, Role.WITNESS}, True),
        ({Role.ADMIN, Role.AUDITOR}, True),
        ({Role.ADMIN, Role.COMPANY_LEADER}, True),
        ({Role.AUDITOR, Role.STAFF}, True),
        ({Role.ARCHIVIST, Role.DEPARTMENT_HEAD}, False),
        ({Role.AUDITOR}, False),
    ],
)
def test_roles_that_nobody_holds_at_once(roles, clash):
    assert (duties.clashing_roles(roles) is not None) == clash


def test_a_part_that_is_void_is_played_again_and_frees_for_no_other(database):
    signer = person(database, Role.COMPANY_LEADER)
    play(database, signer, Duty.APPROVE, subject())
    with pytest.raises(Forbidden):
        play(database, signer, Duty.APPROVE, subject())
    with database.write() as session:
        duties.assume(session, signer, Duty.APPROVE, subject(), again=True)
    for other in (Duty.PROPOSE, Duty.EXECUTE, Duty.WITNESS):
        with pytest.raises(Forbidden), database.write() as session:
            duties.assume(session, signer, other, subject(), again=True)
