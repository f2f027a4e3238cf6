"""The office's day, and whether the clock that tells it can be believed. Pure but for ``today``."""

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
