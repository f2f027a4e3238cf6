"""Rounds, seats and signatures, as pure rules."""

import pytest

from services.kernel.approvals.standing import Signature, standing
from services.kernel.model import Role
from services.kernel.policy.model import Approver

HEAD, LEADER, ARCHIVIST = (Approver(roles=(role,)) for role in (Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER, Role.ARCHIVIST))
SEQUENCE = ((HEAD,), (LEADER,))
PARALLEL = ((HEAD, LEADER),)
QUORUM = ((Approver(roles=(Role.DEPARTMENT_HEAD,), quorum=2),),)


def yes(who: str, round: int = 0, approver: int = 0) -> Signature:
    return Signature(round, approver, who, approves=True)


def seats(found) -> list[tuple[int, int, int]]:
    return [(seat.round, seat.approver, seat.missing) for seat in found.seats]


def test_without_rounds_it_is_approved():
    assert standing((), ()).approved


def test_rounds_follow_each_other():
    assert seats(standing(SEQUENCE, [])) == [(0, 0, 1)]
    assert seats(standing(SEQUENCE, [yes("a")])) == [(1, 0, 1)]
    assert standing(SEQUENCE, [yes("a"), yes("b", 1)]).approved


def test_a_later_round_signed_early_does_not_open_the_first():
    assert seats(standing(SEQUENCE, [yes("b", 1)])) == [(0, 0, 1)]


def test_the_seats_of_one_round_are_asked_at_once_and_all_are_needed():
    assert seats(standing(PARALLEL, [])) == [(0, 0, 1), (0, 1, 1)]
    assert seats(standing(PARALLEL, [yes("b", 0, 1)])) == [(0, 0, 1)]
    assert standing(PARALLEL, [yes("b", 0, 1), yes("a")]).approved


def test_a_quorum_counts_people_and_not_signatures():
    assert seats(standing(QUORUM, [yes("a"), yes("a")])) == [(0, 0, 1)]
    assert standing(QUORUM, [yes("a"), yes("b")]).approved


def test_one_person_fills_one_seat_of_a_round():
    assert seats(standing(PARALLEL, [yes("a"), yes("a", 0, 1)])) == [(0, 1, 1)]


@pytest.mark.parametrize("before", [[], [yes("a")], [yes("a"), yes("b", 1)]])
def test_one_refusal_ends_it(before):
    found = standing(SEQUENCE, [*before, Signature(0, 0, "c", approves=False)])
    assert (found.approved, found.rejected, found.open) == (False, True, False)
