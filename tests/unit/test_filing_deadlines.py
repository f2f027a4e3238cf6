"""Deadlines are days of the office's calendar, by kind of business and by source."""

from datetime import UTC, date, datetime

import pytest

from services.filing.reports.deadlines import due_on, filing_day
from services.kernel.policy.model import Filing

FILING = Filing(deadlines={"sale": 7, "service": 3, "internal": 30, "hot-folder": 1})
LATE_IN_UTC = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
"""In Shanghai it is the next day already."""


@pytest.mark.parametrize(
    ("business_type", "source", "due"),
    [
        ("sale", None, date(2026, 3, 9)),
        ("service", "api", date(2026, 3, 5)),
        ("sale", "hot-folder", date(2026, 3, 3)),
        (None, "hot-folder", date(2026, 3, 3)),
        (None, "api", date(2026, 4, 1)),
    ],
)
def test_rule_09_each_source_has_its_deadline(business_type, source, due):
    assert due_on(FILING, LATE_IN_UTC, business_type, source) == due


def test_without_deadlines_nothing_is_due():
    assert due_on(Filing(), LATE_IN_UTC, "sale", "api") is None


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 29)])
def test_the_week_has_one_filing_day(day):
    assert filing_day(Filing(weekly_day=5), day) == date(2026, 11, 27)
