"""Words on paper. What is printed is Chinese, as the forms of the regulations are."""

from __future__ import annotations

from datetime import datetime

from services.kernel.clock import OFFICE

PERIODS = {"Y": "永久", "D30": "30年", "D10": "10年"}


def period(code: str) -> str:
    return PERIODS.get(code, code)


def day(moment: datetime | None) -> str:
    """The day in the office's calendar."""
    return moment.astimezone(OFFICE).strftime("%Y-%m-%d") if moment else ""
