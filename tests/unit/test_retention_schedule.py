"""When something is due: triggers, floors, holds, and the calendar's odd days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retention.schedule import CLASSES, RetentionClass, add_years, assess

SALE = CLASSES["sale_contract"]
EVENTS = {"delivered_on": date(2020, 5, 1), "title_issued_on": date(2021, 3, 2), "price_settled_on": date(2020, 8, 9)}
days = st.dates(date(1949, 10, 1), date(2200, 1, 1))


def test_the_latest_trigger_starts_the_clock():
    assessment = assess(SALE, EVENTS)
    assert assessment.due_on == date(2051, 3, 2)
    assert "2021-03-02" in assessment.reasons[0] and "30 years" in assessment.reasons[-1]


def test_due_on_its_day_and_not_before():
    assessment = assess(SALE, EVENTS)
    assert not assessment.is_due(date(2051, 3, 1))
    assert assessment.is_due(date(2051, 3, 2))
    assert assessment.is_due(date(2100, 1, 1))


@pytest.mark.parametrize("missing", EVENTS)
def test_without_a_trigger_nothing_is_ever_due(missing):
    assessment = assess(SALE, {name: day for name, day in EVENTS.items() if name != missing})
    assert assessment.due_on is None and not assessment.is_due(date.max)
    assert assessment.reasons == (f"{missing} is not recorded: without it the item is never due.",)


def test_events_of_other_classes_start_no_clock():
    assert assess(SALE, {"last_contact_on": date(1990, 1, 1)}).due_on is None
    assert assess(SALE, EVENTS | {"case_closed_on": date(2090, 1, 1)}).due_on == date(2051, 3, 2)


@pytest.mark.parametrize("holds", [1, 3])
def test_holds_block_however_old_it_is(holds):
    assessment = assess(CLASSES["prospect"], {"last_contact_on": date(1950, 1, 1)}, holds=holds)
    assert not assessment.is_due(date.max)
    assert "hold" in assessment.reasons[0]


def test_what_is_permanent_is_never_due():
    assert not assess(CLASSES["destruction_register"], {}).is_due(date.max)


def test_law_s_floor_outweighs_a_shorter_policy():
    short = RetentionClass("identity_copy", ("last_contract_ended_on",), 2, floor=10)
    assessment = assess(short, {"last_contract_ended_on": date(2020, 1, 1)})
    assert assessment.due_on == date(2030, 1, 1)
    assert any("Law demands 10 years" in reason for reason in assessment.reasons)


def test_a_longer_policy_outweighs_the_floor():
    assert assess(SALE, EVENTS).due_on == add_years(date(2021, 3, 2), 30)


@pytest.mark.parametrize("retention", CLASSES.values(), ids=CLASSES)
def test_no_class_is_due_before_its_floor(retention):
    start = date(2000, 6, 15)
    due = assess(retention, dict.fromkeys(retention.triggers, start)).due_on
    if retention.period == "permanent":
        assert due is None
    else:
        assert due == date(2000 + max(retention.period, retention.floor), 6, 15)
        assert retention.triggers, "a class without a trigger would be due at once"


def test_customer_identity_and_transactions_are_kept_ten_years():
    """建房规〔2025〕2号."""
    for name in ("sale_contract", "payment_voucher", "identity_copy", "investment_agreement"):
        assert CLASSES[name].floor >= 10
    assert CLASSES["payment_voucher"].floor == 30, "会计档案管理办法"


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
def test_years_by_the_calendar(day, years, due):
    assert add_years(day, years) == due


@given(days, st.integers(0, 100))
def test_nothing_is_due_a_day_early(day, years):
    due = add_years(day, years)
    assert (due.year, due.month, due.day) >= (day.year + years, day.month, day.day)
    assert due - timedelta(days=1) < date(day.year + years, day.month, min(day.day, 28)) + timedelta(days=4)


@given(days, days, st.integers(0, 60))
def test_a_later_start_is_never_due_earlier(one, other, years):
    assert (add_years(one, years) <= add_years(other, years)) == (one <= other) or add_years(one, years) == add_years(
        other, years
    )
