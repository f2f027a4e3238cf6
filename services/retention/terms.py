"""How long a class is kept, counted from a day, and the same turned round. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.kernel.policy.model import RetentionRule
from services.retention.calendar import add_years, days_after, days_before, years_before


@dataclass(frozen=True, slots=True)
class Term:
    """A class's period counted from ``start``: ``due`` on that day; ``ceiling``: the day on which law wants it gone."""

    start: date
    due: date
    ceiling: date | None = None


def term_of(rule: RetentionRule, start: date) -> Term:
    """Counted from ``start``. Nothing is due before law's floor has run out; a ceiling before that shortens no floor."""
    ceiling = days_after(start, rule.ceiling_days) if rule.ceiling_days is not None else None
    end = end_of(rule, start)
    wanted = end if ceiling is None else min(end, ceiling)
    return Term(start, max(wanted, add_years(start, rule.floor)), ceiling)


def latest_start(rule: RetentionRule, today: date) -> date | None:
    """The last day on which a clock may have started that is over by ``today``; None where none can be. The same rule as
    ``term_of``, turned round: so that a query compares days and computes none."""
    if rule.permanent:
        return None
    own = years_before(today, rule.years) if rule.years is not None else days_before(today, rule.days or 0)
    if rule.ceiling_days is not None:
        own = max(filter(None, (own, latest_ceiling(rule, today))), default=None)
    floor = years_before(today, rule.floor)
    return None if own is None or floor is None else min(own, floor)


def latest_ceiling(rule: RetentionRule, today: date) -> date | None:
    """The last start for which law's ceiling has come by ``today``; None where it has none."""
    return days_before(today, rule.ceiling_days) if rule.ceiling_days is not None else None


def end_of(rule: RetentionRule, start: date) -> date:
    """The end of policy's own period, whatever law says of it."""
    if rule.years is not None:
        return add_years(start, rule.years)
    return date.max if rule.days is None else days_after(start, rule.days)
