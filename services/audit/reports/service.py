"""The standing reports. Each gives rows by id; what people and items are called is added where they are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from services.audit.entries.repository import Filters
from services.audit.reports import repository
from services.kernel.clock import OFFICE, now
from services.kernel.policy.model import Oversight

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "customer": ("person", "act", "times", "items", "first", "last"),
    "person": ("item", "act", "times", "first", "last"),
    "out-of-hours": ("person", "day", "times", "first", "last"),
    "mass-reading": ("person", "day", "times", "limit", "first", "last"),
    "unused-grants": ("grant", "person", "kind", "access", "since", "until", "revoked"),
    "delegated-approvals": ("at", "person", "for", "role", "kind", "subject", "approves", "policy"),
}
"""By report. Times are of the ledger, in UTC; days are the office's."""
TITLES = {
    "customer": "谁看过该客户",
    "person": "该人员看过什么",
    "out-of-hours": "非工作时间查阅",
    "mass-reading": "大量查阅",
    "unused-grants": "从未使用的授权",
    "delegated-approvals": "受委托审批",
}
FRESH = timedelta(days=3)
"""A grant that is younger may still be used."""
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What of policy the reports go by."""

    oversight: Oversight

    def out_of_hours(self, moment: datetime) -> bool:
        there = moment.astimezone(OFFICE)
        begins, ends = self.oversight.office_hours
        return there.isoweekday() not in self.oversight.workdays or not begins <= there.hour < ends


def customer(session: Session, filters: Filters) -> Rows:
    """Who saw this customer's items, most often first."""
    found = repository.readers_of(session, filters)
    rows = [dict(zip(COLUMNS["customer"], row, strict=True)) for row in found]
    return sorted(rows, key=lambda row: (-row["times"], row["person"] or "", row["act"]))


def person(session: Session, who: str, filters: Filters) -> Rows:
    """What this person saw, latest first."""
    rows = [dict(zip(COLUMNS["person"], row, strict=True)) for row in repository.seen_by(session, who, filters)]
    return sorted(rows, key=lambda row: row["last"], reverse=True)


def out_of_hours(session: Session, rules: Rules, filters: Filters) -> Rows:
    """Who saw something outside the office's hours, by day."""
    hours = repository.reads_by_hour(session, filters, repository.SEEING)
    return _by_day([row for row in hours if rules.out_of_hours(_begins(row))])


def mass_reading(session: Session, rules: Rules, filters: Filters) -> Rows:
    """Who opened more content in a day than policy takes for ordinary."""
    limit = rules.oversight.mass_reads_a_day
    days = _by_day(repository.reads_by_hour(session, filters, repository.CONTENT))
    return [row | {"limit": limit} for row in days if row["times"] > limit]


def unused_grants(session: Session) -> Rows:
    """Grants that opened nothing: asked for without need, or no longer needed."""
    moment = now()
    return [
        {
            "grant": each.id,
            "person": each.person_id,
            "kind": each.kind,
            "access": each.request_id,
            "since": each.since.isoformat(),
            "until": each.until.isoformat(),
            "revoked": each.revoked_at.isoformat() if each.revoked_at else None,
        }
        for each in repository.unused_grants(session, moment - FRESH, moment)
    ]


def delegated_approvals(session: Session, filters: Filters) -> Rows:
    """What was signed on behalf of somebody else."""
    span = [datetime.fromisoformat(each) if each else None for each in (filters.since, filters.until)]
    return [
        {
            "at": each.at.isoformat(),
            "person": each.person_id,
            "for": each.for_id,
            "role": each.role,
            "kind": each.kind,
            "subject": each.subject_id,
            "approves": each.approves,
            "policy": each.policy,
        }
        for each in repository.approvals_by_delegates(session, *span)
    ]


def _begins(row: Row[Any]) -> datetime:
    return datetime.fromisoformat(f"{row.hour}:00:00").replace(tzinfo=UTC)


def _by_day(hours: Sequence[Row[Any]]) -> Rows:
    days: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in hours:
        days[_begins(row).astimezone(OFFICE).date().isoformat(), row.actor].append(row)
    return [
        {
            "person": who,
            "day": day,
            "times": sum(row.times for row in rows),
            "first": min(row.first for row in rows),
            "last": max(row.last for row in rows),
        }
        for (day, who), rows in sorted(days.items(), reverse=True)
    ]
