"""When something is due: triggers, floors, ceilings, holds, and the calendar's odd days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.policy import model
from services.kernel.policy.model import RetentionRule
from services.retention import calendar
from services.retention.schedule import Facts, add_years, assess, latest_start, term_of, years_before

POLICY = model.default()
EVENTS = {"delivered_on": date(2020, 5, 1), "title_issued_on": date(2021, 3, 2), "price_settled_on": date(2020, 8, 9)}
days = st.dates(date(1949, 10, 1), date(2200, 1, 1))


def with_class(name, **rule):
    retention = dict(POLICY.retention) | {name: RetentionRule(**rule)}
    return POLICY.model_copy(update={"retention": retention})


def of(name, events=None, *, policy=POLICY, **more):
    return assess(policy, name, Facts(events or {}, **more))


def codes(assessment):
    return [reason.code for reason in assessment.reasons]


def test_the_latest_trigger_starts_the_clock():
    assessment = of("sale_contract", EVENTS)
    assert (assessment.started_on, assessment.due_on) == (date(2021, 3, 2), date(2051, 3, 2))
    assert codes(assessment) == ["happened"] * 3 + ["started", "years", "due"]
    assert assessment.reasons[3].to_json() == {
        "code": "started",
        "text": "The clock starts on 2021-03-02, the latest of delivered_on, title_issued_on, price_settled_on.",
        "day": "2021-03-02",
    }


def test_due_on_its_day_and_not_before():
    assessment = of("sale_contract", EVENTS)
    assert not assessment.is_due(date(2051, 3, 1))
    assert assessment.is_due(date(2051, 3, 2))
    assert assessment.is_due(date(2100, 1, 1))


@pytest.mark.parametrize("missing", EVENTS)
def test_without_a_trigger_nothing_is_ever_due(missing):
    assessment = of("sale_contract", {name: day for name, day in EVENTS.items() if name != missing})
    assert assessment.due_on is None and not assessment.is_due(date.max)
    assert [reason.values["trigger"] for reason in assessment.reasons if reason.code == "missing"] == [missing]


def test_events_of_other_classes_start_no_clock():
    assert of("sale_contract", {"last_contact_on": date(1990, 1, 1)}).due_on is None
    assert of("sale_contract", EVENTS | {"case_closed_on": date(2090, 1, 1)}).due_on == date(2051, 3, 2)


def test_a_class_without_a_schedule_is_unusable():
    assessment = of("no_such_class", EVENTS)
    assert not assessment.is_due(date.max) and codes(assessment) == ["no-schedule"]


@pytest.mark.parametrize("holds", [1, 3])
def test_holds_block_however_old_it_is(holds):
    assessment = of("prospect", {"last_contact_on": date(1950, 1, 1)}, holds=holds)
    assert not assessment.is_due(date.max) and assessment.matured(date.max)
    assert assessment.reasons[-1].values == {"holds": holds}


def test_what_is_permanent_is_never_due():
    assert not of("destruction_register").is_due(date.max)


def test_case_11_another_class_that_nobody_confirmed_makes_nothing_due():
    assessment = of("prospect", {"last_contact_on": date(1950, 1, 1)}, reclassified="lease")
    assert not assessment.is_due(date.max) and codes(assessment)[-1] == "reclassified"


def test_law_s_floor_outweighs_a_shorter_policy():
    policy = with_class("identity_copy", triggers=("last_contract_ended_on",), years=2, floor=10)
    assessment = of("identity_copy", {"last_contract_ended_on": date(2020, 1, 1)}, policy=policy)
    assert assessment.due_on == date(2030, 1, 1) and "floor" in codes(assessment)


def test_a_longer_policy_outweighs_the_floor():
    assert of("sale_contract", EVENTS).due_on == add_years(date(2021, 3, 2), 30)


def test_a_ceiling_outweighs_a_longer_policy():
    policy = with_class("care", triggers=("consent_withdrawn_on",), years=2, ceiling_days=30)
    assessment = of("care", {"consent_withdrawn_on": date(2024, 1, 31)}, policy=policy)
    assert (assessment.due_on, assessment.restricted_on) == (date(2024, 3, 1), None)
    assert "ceiling" in codes(assessment)


def test_a_ceiling_that_collides_with_a_floor_restricts():
    """PIPL 47: what must be kept and may not be used is stored and protected, nothing else."""
    policy = with_class("care", triggers=("consent_withdrawn_on",), days=30, ceiling_days=30, floor=10)
    assessment = of("care", {"consent_withdrawn_on": date(2024, 1, 1)}, policy=policy)
    assert (assessment.restricted_on, assessment.due_on) == (date(2024, 1, 31), date(2034, 1, 1))
    assert not assessment.is_restricted(date(2024, 1, 30)) and assessment.is_restricted(date(2024, 1, 31))
    assert assessment.is_restricted(date(2033, 12, 31)) and not assessment.is_restricted(date(2034, 1, 1))


def test_a_purpose_s_ceiling_restricts_what_is_kept_for_another():
    """Care data in a contract: consent withdrawn, and the contract has thirty years to go."""
    assessment = of("sale_contract", EVENTS, purposes={"care": date(2024, 1, 1)})
    assert (assessment.restricted_on, assessment.due_on) == (date(2024, 1, 31), date(2051, 3, 2))
    unstarted = of("sale_contract", purposes={"care": date(2024, 1, 1)})
    assert unstarted.is_restricted(date.max), "and where its own clock does not run"


def test_an_extension_is_waited_for():
    assessment = of("sale_contract", EVENTS, extended_until=date(2060, 1, 1))
    assert assessment.due_on == date(2060, 1, 1) and "extended" in codes(assessment)
    assert of("sale_contract", EVENTS, extended_until=date(2030, 1, 1)).due_on == date(2051, 3, 2)


def test_case_2_a_paper_of_several_files_waits_for_the_last_of_them():
    events = {"last_contract_ended_on": date(2001, 1, 1)}
    assert of("identity_copy", events).due_on == date(2011, 1, 1)
    shared = of("identity_copy", events, open_files=frozenset(events))
    assert not shared.is_due(date.max) and "open-file" in codes(shared)


@pytest.mark.parametrize("name", POLICY.retention)
def test_no_class_is_due_before_its_floor(name):
    start, rule = date(2000, 6, 15), POLICY.retention[name]
    due = of(name, dict.fromkeys(rule.triggers, start)).due_on
    if rule.permanent:
        assert due is None
    else:
        assert due >= add_years(start, rule.floor)
        assert rule.triggers, "a class without a trigger would be due at once"


def test_customer_identity_and_transactions_are_kept_ten_years():
    """建房规〔2025〕2号."""
    for name in ("sale_contract", "payment_voucher", "identity_copy", "investment_agreement"):
        assert POLICY.retention[name].floor >= 10
    assert POLICY.retention["payment_voucher"].floor == 30, "会计档案管理办法"


# ── the calendar (hard case 8) ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "years", "due"),
    [
        (date(2024, 2, 29), 1, date(2025, 3, 1)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2096, 2, 29), 4, date(2100, 3, 1)),
        (date(2023, 2, 28), 1, date(2024, 2, 28)),
        (date(2024, 12, 31), 10, date(2034, 12, 31)),
        (date(9990, 1, 1), 30, date.max),
        (date(2024, 1, 1), 0, date(2024, 1, 1)),
    ],
)
def test_case_8_years_by_the_calendar(day, years, due):
    assert add_years(day, years) == due


@given(days, st.integers(0, 100))
def test_case_8_nothing_is_due_a_day_early(day, years):
    due = add_years(day, years)
    assert (due.year, due.month, due.day) >= (day.year + years, day.month, day.day)
    assert due - timedelta(days=1) < date(day.year + years, day.month, min(day.day, 28)) + timedelta(days=4)


@given(days, days, st.integers(0, 60))
def test_a_later_start_is_never_due_earlier(one, other, years):
    assert (add_years(one, years) <= add_years(other, years)) == (one <= other) or add_years(one, years) == add_years(
        other, years
    )


leaps = st.builds(lambda year: date(year * 4, 2, 29), st.integers(488, 524))
edges = st.one_of(days, leaps, st.builds(lambda day, by: day + timedelta(by), leaps, st.integers(-1, 1)))


@given(edges, edges, st.integers(0, 100))
def test_case_8_years_back_is_years_forward_turned_round(day, start, years):
    before = years_before(day, years)
    assert before is not None and (add_years(start, years) <= day) == (start <= before)


rules = st.builds(
    lambda years, days, floor, ceiling: RetentionRule(
        triggers=("x",), years=years if days is None else None, days=days, floor=floor, ceiling_days=ceiling
    ),
    st.integers(0, 40),
    st.none() | st.integers(0, 4000),
    st.integers(0, 30),
    st.none() | st.integers(0, 4000),
)


@given(rules, edges, edges)
def test_the_queries_day_is_the_schedule_s(rule, start, today):
    """What a database is asked (``start <= latest_start``) says the same as what a person is told (``due <= today``)."""
    latest = latest_start(rule, today)
    assert (term_of(rule, start).due <= today) == (latest is not None and start <= latest)


@pytest.mark.parametrize(
    ("day", "last", "says"),
    [
        (date(2026, 11, 28), None, None),
        (date(2026, 11, 28), date(2026, 11, 28), None),
        (date(2026, 11, 28), date(2026, 11, 25), None),
        (date(2026, 11, 28), date(2026, 11, 24), "clock_ahead"),
        (date(2036, 11, 28), date(2026, 11, 27), "clock_ahead"),
        (date(2026, 11, 27), date(2026, 11, 28), "clock_behind"),
    ],
)
def test_case_8_a_clock_that_jumps_is_not_believed(day, last, says):
    assert calendar.doubt(day, last, gap_days=3) == says
