"""The life of a destruction batch (rules.md section 3), step by step."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from services.kernel.errors import Conflict
from services.retention.batches.model import (
    ENDED,
    FROZEN,
    LINE_TRANSITIONS,
    TRANSITIONS,
    BatchState,
    LineState,
    advance,
    advance_line,
)

S = BatchState
WAY = (S.DRAFT, S.APPRAISED, S.SUBMITTED, S.APPROVED, S.NOTIFIED, S.WITNESS_PRECHECKED, S.EXECUTING, S.VERIFYING, S.CLOSED)


def test_the_way_of_rules_md_is_open_from_end_to_end_and_cannot_be_shortened() -> None:
    for here, there in pairwise(WAY):
        assert advance(here, there) is there
    for here, there in product(range(len(WAY)), repeat=2):
        if there > here + 1:
            with pytest.raises(Conflict):
                advance(WAY[here], WAY[there])


def test_nothing_is_cancelled_once_it_is_carried_out() -> None:
    before = {S.DRAFT, S.APPRAISED, *FROZEN}
    assert {state for state in S if S.CANCELLED in TRANSITIONS[state]} == before


def test_executing_is_reached_from_the_count_of_the_witnesses_or_from_a_partial_failure_alone() -> None:
    assert {state for state in S if S.EXECUTING in TRANSITIONS[state]} == {S.WITNESS_PRECHECKED, S.PARTIAL_FAILED}


def test_a_partial_failure_is_never_closed() -> None:
    assert TRANSITIONS[S.PARTIAL_FAILED] == {S.EXECUTING}
    with pytest.raises(Conflict):
        advance(S.PARTIAL_FAILED, S.CLOSED)


def test_what_ended_stays_so() -> None:
    assert {S.REJECTED, S.CLOSED, S.CANCELLED} == ENDED


def test_a_frozen_manifest_may_be_frozen_anew() -> None:
    assert all(S.SUBMITTED in TRANSITIONS[state] for state in FROZEN)
    assert not any(S.SUBMITTED in TRANSITIONS[state] for state in (S.EXECUTING, S.VERIFYING, S.PARTIAL_FAILED))


def test_a_line_is_destroyed_by_way_of_destroying_and_a_failed_one_is_tried_again() -> None:
    assert advance_line(LineState.LISTED, LineState.DESTROYING) is LineState.DESTROYING
    assert LINE_TRANSITIONS[LineState.FAILED] == {LineState.DESTROYING}
    for state in (LineState.LISTED, LineState.REMOVED, LineState.FAILED):
        with pytest.raises(Conflict):
            advance_line(state, LineState.DESTROYED)
    with pytest.raises(Conflict):
        advance_line(LineState.DESTROYING, LineState.REMOVED)
