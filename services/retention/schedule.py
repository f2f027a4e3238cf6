"""The retention schedule (鉴定): when an item is due, and why, as pure rules over policy's classes (rules.md section 3).

Dates are days of the office's calendar (Asia/Shanghai). A class without a schedule is unusable; without its triggers an item is
never due (MoReq2010). Law's floor outweighs any shorter period. What law wants gone by a day on which its floor has not run out
yet is restricted from then on: stored, and used for nothing (PIPL 47).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from services.kernel.policy.model import Policy, RetentionRule


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of why: a ``code`` with its ``values`` for pages to put in words, and the words in English."""

    code: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text} | dict(self.values)


@dataclass(frozen=True, slots=True)
class Term:
    """A class's period counted from ``start``: ``due`` on that day; ``ceiling``: the day on which law wants it gone."""

    start: date
    due: date
    ceiling: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an item: on which day each trigger was last recorded; ``open_files``: triggers that have not happened
    in one of the customer's files it lies in; ``purposes``: the classes with a ceiling of what its fields are kept for, with
    the start of their clock; ``extended_until``: what appraisal said; ``reclassified``: the class of its present type, where
    nobody has confirmed that it changed; ``holds``: how many reach it."""

    events: Mapping[str, date]
    open_files: frozenset[str] = frozenset()
    purposes: Mapping[str, date] = field(default_factory=dict)
    extended_until: date | None = None
    reclassified: str | None = None
    holds: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """When an item is due (None: not yet known, or never), since when it may only be stored, and why, line by line.
    ``blocked``: it is not put on the due list, whatever the day."""

    started_on: date | None
    due_on: date | None
    restricted_on: date | None
    blocked: bool
    reasons: tuple[Reason, ...]

    def is_due(self, today: date) -> bool:
        return not self.blocked and self.matured(today)

    def matured(self, today: date) -> bool:
        """Whether its time is over, were nothing in the way."""
        return self.due_on is not None and self.due_on <= today

    def is_restricted(self, today: date) -> bool:
        return self.restricted_on is not None and self.restricted_on <= today and not self.matured(today)


NONE = RetentionRule(triggers=())
"""The rule of a class that policy does not know, or no longer: never due."""


def assess(policy: Policy, name: str, facts: Facts) -> Assessment:
    """The assessment of an item whose clock follows the class ``name``."""
    rule = policy.retention.get(name, NONE)
    if rule is NONE:
        reasons = [_told("no-schedule", f"The class {name} has no schedule: it is never due.", retention=name)]
    else:
        reasons = [*_started(rule, facts)]
    missing = missing_triggers(rule, facts)
    term = None if missing else term_of(rule, _start(rule, facts)) if rule.triggers else None
    due = term.due if term is not None and not rule.permanent else None
    reasons += _period(rule, term) if rule is not NONE else ()
    if due is not None and facts.extended_until is not None and facts.extended_until > due:
        due = facts.extended_until
        reasons.append(_told("extended", f"Appraisal extended it until {due}.", day=due))
    ceilings = [term.ceiling] if term is not None and term.ceiling is not None else []
    ceilings += [purpose_ceiling(policy, each, start) for each, start in facts.purposes.items()]
    restricted = min(ceilings, default=None)
    if restricted is not None and due is not None and restricted >= due:
        restricted = None
    if restricted is not None:
        words = f"Law wants it gone by {restricted} and kept longer: from then on it is restricted."
        reasons.append(_told("restricted", words, day=restricted))
    if due is not None:
        reasons.append(_told("due", f"It is due on {due}.", day=due))
    blocks = [*_blocks(facts)]
    started = term.start if term is not None else None
    return Assessment(started, due, restricted, blocked=bool(blocks), reasons=(*reasons, *blocks))


def missing_triggers(rule: RetentionRule, facts: Facts) -> list[str]:
    """The triggers without which the clock does not run."""
    return [name for name in rule.triggers if name not in facts.events or (rule.every_file and name in facts.open_files)]


def term_of(rule: RetentionRule, start: date) -> Term:
    """Counted from ``start``. Nothing is due before law's floor has run out; a ceiling before that shortens no floor."""
    ceiling = _days_after(start, rule.ceiling_days) if rule.ceiling_days is not None else None
    end = _end(rule, start)
    wanted = end if ceiling is None else min(end, ceiling)
    return Term(start, max(wanted, add_years(start, rule.floor)), ceiling)


def latest_start(rule: RetentionRule, today: date) -> date | None:
    """The last day on which a clock may have started that is over by ``today``; None where none can be. The same rule as
    ``term_of``, turned round: so that a query compares days and computes none."""
    if rule.permanent:
        return None
    own = years_before(today, rule.years) if rule.years is not None else _days_before(today, rule.days or 0)
    if rule.ceiling_days is not None:
        own = max(filter(None, (own, latest_ceiling(rule, today))), default=None)
    floor = years_before(today, rule.floor)
    return None if own is None or floor is None else min(own, floor)


def latest_ceiling(rule: RetentionRule, today: date) -> date | None:
    """The last start for which law's ceiling has come by ``today``; None where it has none."""
    return _days_before(today, rule.ceiling_days) if rule.ceiling_days is not None else None


def purpose_ceiling(policy: Policy, name: str, start: date) -> date:
    days = policy.retention[name].ceiling_days
    assert days is not None, "only classes with a ceiling are asked"
    return _days_after(start, days)


def classes_of_purposes(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Classes with a ceiling and the fields that are kept under them."""
    found: dict[str, tuple[str, ...]] = {}
    for purpose in policy.taxonomy.purposes.values():
        if policy.retention[purpose.retention].ceiling_days is not None:
            found[purpose.retention] = (*found.get(purpose.retention, ()), *purpose.fields)
    return found


def types_of(policy: Policy, name: str) -> frozenset[str]:
    """The document types whose clock follows a class."""
    return frozenset(each for each, rule in policy.taxonomy.types.items() if rule.retention == name)


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


def _days_before(day: date, days: int) -> date | None:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        return None


def _end(rule: RetentionRule, start: date) -> date:
    if rule.years is not None:
        return add_years(start, rule.years)
    return date.max if rule.days is None else _days_after(start, rule.days)


def _days_after(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max


def _start(rule: RetentionRule, facts: Facts) -> date:
    return max(facts.events[name] for name in rule.triggers)


def _started(rule: RetentionRule, facts: Facts) -> Iterable[Reason]:
    missing = missing_triggers(rule, facts)
    for name in rule.triggers:
        if name not in facts.events:
            yield _told("missing", f"{name} is not recorded: without it the item is never due.", trigger=name)
        elif name in missing:
            words = f"{name} has not happened in each of the customer's files that the item lies in."
            yield _told("open-file", words, trigger=name)
        else:
            yield _told("happened", f"{name}: {facts.events[name]}.", trigger=name, day=facts.events[name])
    if rule.triggers and not missing:
        start = _start(rule, facts)
        yield _told("started", f"The clock starts on {start}, the latest of {', '.join(rule.triggers)}.", day=start)


def _period(rule: RetentionRule, term: Term | None) -> Iterable[Reason]:
    if rule.permanent:
        yield _told("permanent", "The class is kept permanently.")
        return
    if rule.years is not None:
        yield _told("years", f"It is kept {rule.years} years.", years=rule.years)
    else:
        yield _told("days", f"It is kept {rule.days} days.", days=rule.days)
    if term is None:
        return
    if term.ceiling is not None and term.ceiling < _end(rule, term.start):
        words = f"Law allows {rule.ceiling_days} days; policy's period would be too long."
        yield _told("ceiling", words, days=rule.ceiling_days)
    if term.due == add_years(term.start, rule.floor) != _end(rule, term.start):
        yield _told("floor", f"Law demands {rule.floor} years; anything shorter does not count.", years=rule.floor)


def _blocks(facts: Facts) -> Iterable[Reason]:
    if facts.reclassified is not None:
        words = f"Its type asks for the class {facts.reclassified} now, which nobody has confirmed."
        yield _told("reclassified", words, retention=facts.reclassified)
    if facts.holds:
        yield _told("held", f"{facts.holds} hold(s) block every kind of removal.", holds=facts.holds)


def _told(code: str, text: str, **values: Any) -> Reason:
    return Reason(code, text, {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()})
