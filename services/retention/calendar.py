"""The office's day and whether the clock that tells it can be believed, and reckoning with days. Pure but for ``today``."""

from __future__ import annotations

from datetime import date, timedelta

from services.kernel import clock

AHEAD, BEHIND = "clock_ahead", "clock_behind"


def today() -> date:
    """The day in Asia/Shanghai at this moment."""
    return clock.now().astimezone(clock.OFFICE).date()


def doubt(day: date, last: date | None, *, gap_days: int) -> str | None:
    """Why the day is in doubt, given that of the last run that was believed: it lies before that one, or further after it than
    the archive is ever left alone. So a clock that jumps makes nothing due (hard case 8)."""
    if last is None:
        return None
    if day < last:
        return BEHIND
    return AHEAD if day > last + timedelta(days=gap_days) else None


def add_years(day: date, years: int) -> date:
    """The same day ``years`` later. 29 February becomes 1 March where the year has none, so nothing is due a day early; what
    lies beyond the calendar (a misread year) is due on its last day."""
    year = day.year + years
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def years_before(day: date, years: int) -> date | None:
    """The last day to which ``years`` can be added without coming after ``day``; None before the calendar begins."""
    year = day.year - years
    if year < date.min.year:
        return None
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def days_before(day: date, days: int) -> date | None:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        return None


def days_after(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max
