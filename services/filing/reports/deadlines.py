"""Until when an item is to be filed (时间节点): so many days from its reception, by its kind of business or by where it came
from. Pure; days are those of the office's calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from services.kernel.clock import OFFICE
from services.kernel.policy.model import Filing


def due_on(filing: Filing, received: datetime, business_type: str | None, source: str | None) -> date | None:
    """The day by which it must be signed off: the nearer of the two that policy names; the farthest of all where it names
    neither; None where it names none at all."""
    named = [filing.deadlines[each] for each in (business_type, source) if each is not None and each in filing.deadlines]
    if not named and not filing.deadlines:
        return None
    days = min(named) if named else max(filing.deadlines.values())
    return office_day(received) + timedelta(days=days)


def filing_day(filing: Filing, day: date) -> date:
    """The day of that week on which what has come in is to be filed (每周分类整理归档)."""
    return day + timedelta(days=filing.weekly_day - day.isoweekday())


def office_day(moment: datetime) -> date:
    return moment.astimezone(OFFICE).date()
