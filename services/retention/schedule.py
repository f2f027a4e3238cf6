"""The retention schedule (鉴定): classes, the events that start their clock, and due dates with their reasons.

Defaults of rules.md section 3, to be replaced by versioned policy. Dates are days of the office's calendar (Asia/Shanghai).
A class without a schedule is unusable; without its trigger an item is never due (MoReq2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

Period = int | Literal["permanent"]
"""Years, or permanent (Y)."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """``triggers`` must all have happened, and the latest counts; ``floor`` is a period in years that law demands whatever
    policy says, such as 10 years for customer identity and transactions (建房规〔2025〕2号)."""

    name: str
    triggers: tuple[str, ...]
    period: Period
    floor: int = 0


CLASSES = MappingProxyType(
    {
        each.name: each
        for each in (
            RetentionClass("sale_contract", ("delivered_on", "title_issued_on", "price_settled_on"), 30, floor=10),
            RetentionClass("lease", ("lease_ended_on", "deposit_settled_on"), 10),
            RetentionClass("investment_agreement", ("exited_on",), 30, floor=10),
            RetentionClass("payment_voucher", ("fiscal_year_ended_on", "debts_settled_on"), 30, floor=30),
            RetentionClass("identity_copy", ("last_contract_ended_on",), 10, floor=10),
            RetentionClass("complaint", ("case_closed_on",), 10),
            RetentionClass("prospect", ("last_contact_on",), 2),
            RetentionClass("engineering", ("project_completed_on",), 30),
            RetentionClass("internal_paper", ("superseded_on",), 10),
            RetentionClass("destruction_register", (), "permanent"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Assessment:
    """When an item is due (None: not yet known, or never) and why, line by line, for a person to read."""

    due_on: date | None
    reasons: tuple[str, ...]

    def is_due(self, today: date) -> bool:
        return self.due_on is not None and self.due_on <= today


def assess(retention: RetentionClass, events: dict[str, date], *, holds: int = 0) -> Assessment:
    """The due date of an item of this class, given the days on which its triggers happened."""
    if retention.period == "permanent":
        return Assessment(None, ("The class is kept permanently.",))
    if holds:
        return Assessment(None, (f"{holds} hold(s) block every kind of removal.",))
    missing = [name for name in retention.triggers if name not in events]
    if missing:
        return Assessment(None, tuple(f"{name} is not recorded: without it the item is never due." for name in missing))
    start = max(events[name] for name in retention.triggers)
    years = max(retention.period, retention.floor)
    reasons = [f"The clock starts on {start}, the latest of {', '.join(retention.triggers)}."]
    if retention.floor > retention.period:
        reasons.append(f"Law demands {retention.floor} years; policy's {retention.period} would be too short.")
    due = add_years(start, years)
    return Assessment(due, (*reasons, f"{years} years later it is due, on {due}."))


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
