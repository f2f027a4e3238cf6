"""The reports, and the notices that go with them. No title and no name is in either."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from services.filing.reports.deadlines import due_on, filing_day, office_day
from services.kernel import notices
from services.kernel.clock import OFFICE, now
from services.kernel.db import Database
from services.kernel.identity.rights import Principal, Scope
from services.kernel.ledger import journal
from services.kernel.model import ItemState, Role
from services.kernel.notices import Notice
from services.kernel.policy import versions
from services.kernel.tables import Batch, File, Item, Page

AT_WORK = (
    *(ItemState.RECEIVED, ItemState.SCANNED, ItemState.QC_PASSED, ItemState.QC_FAILED),
    *(ItemState.CATALOGUED, ItemState.PENDING_SIGNOFF),
)


@dataclass(frozen=True, slots=True)
class Overdue:
    """An item that should have been filed by ``due``."""

    item: Item
    due: date
    source: str


def intake(session: Session, day: date, *, owner_id: str | None) -> dict[str, Any]:
    """What came in on a day, by where it came from and by what has become of it (每天…上报)."""
    since = datetime.combine(day, time(), OFFICE)
    until = since + timedelta(days=1)
    items = select(Item).where(Item.created_at >= since, Item.created_at < until, *_of(owner_id)).subquery()
    files = select(File.state, func.count()).join(Batch).where(File.created_at >= since, File.created_at < until)
    if owner_id is not None:
        files = files.where(Batch.owner_id == owner_id)
    by_source = select(Batch.source, func.count()).join(items, items.c.batch_id == Batch.id).group_by(Batch.source)
    pages = select(func.count()).select_from(Page).join(items, items.c.id == Page.item_id)
    return {
        "day": day.isoformat(),
        "files": _counts(session, files.group_by(File.state)),
        "items": session.scalar(select(func.count()).select_from(items)) or 0,
        "pages": session.scalar(pages) or 0,
        "by_source": _counts(session, by_source),
        "by_state": _counts(session, select(items.c.state, func.count()).group_by(items.c.state)),
        "by_type": _counts(session, select(items.c.type, func.count()).group_by(items.c.type)),
    }


def week(session: Session, day: date, *, owner_id: str | None) -> dict[str, Any]:
    """The week of a day: its filing day, what came in, and how much of it is filed."""
    filing = versions.current(session).policy.filing
    monday = day - timedelta(days=day.isoweekday() - 1)
    since = datetime.combine(monday, time(), OFFICE)
    within = (Item.created_at >= since, Item.created_at < since + timedelta(days=7), *_of(owner_id))
    states = _counts(session, select(Item.state, func.count()).where(*within).group_by(Item.state))
    waiting = sum(count for state, count in states.items() if state in AT_WORK)
    deadline = filing_day(filing, day)
    return {
        "week": f"{day.isocalendar().year}-W{day.isocalendar().week:02d}",
        "filing_day": deadline.isoformat(),
        "items": sum(states.values()),
        "filed": sum(states.values()) - waiting,
        "waiting": waiting,
        "late": waiting > 0 and office_day(now()) > deadline,
        "by_state": states,
    }


def overdue(session: Session, today: date, *, owner_id: str | None = None) -> list[Overdue]:
    """Items at work past their deadline, the longest overdue first."""
    filing = versions.current(session).policy.filing
    query = select(Item, Batch.source).join(Batch, Batch.id == Item.batch_id)
    found = []
    for item, source in session.execute(query.where(Item.state.in_(AT_WORK), *_of(owner_id))):
        due = due_on(filing, item.created_at, item.business_type, source)
        if due is not None and due < today:
            found.append(Overdue(item, due, source))
    return sorted(found, key=lambda each: (each.due, each.item.id))


def remind(session: Session) -> int:
    """Tells owners and archivists what is overdue, department heads what came in, and on the week's filing day what is still
    waiting: each once a day, however often this is called. Returns how many notices that made."""
    today = office_day(now())
    archivists, heads = notices.holders(session, [Role.ARCHIVIST]), notices.holders(session, [Role.DEPARTMENT_HEAD])
    sent = 0
    for each in overdue(session, today):
        people = [each.item.owner_id, *archivists]
        sent += _tell(session, today, people, "filing.overdue", "item", each.item.id, due=each.due.isoformat())
    yesterday = today - timedelta(days=1)
    report = intake(session, yesterday, owner_id=None)
    if report["items"]:
        day = yesterday.isoformat()
        sent += _tell(session, today, heads, "filing.intake", "day", day, items=report["items"], pages=report["pages"])
    this_week = week(session, today, owner_id=None)
    if today.isoformat() == this_week["filing_day"] and this_week["waiting"]:
        sent += _tell(session, today, archivists, "filing.week", "week", this_week["week"], waiting=this_week["waiting"])
    return sent


def remind_of(database: Database) -> int:
    """The same in a unit of work of its own, as the scheduler does it."""
    with database.write() as session:
        sent = remind(session)
        if sent:
            journal.append(session, "filing.remind", actor=None, notices=sent)
        return sent


def _tell(session: Session, today: date, people: Iterable[str], key: str, kind: str, subject_id: str, **details: Any) -> int:
    since = datetime.combine(today, time(), OFFICE)
    told = select(Notice.person_id).where(Notice.key == key, Notice.subject_id == subject_id, Notice.created_at >= since)
    already = set(session.scalars(told))
    return notices.notify(session, (each for each in people if each not in already), key, kind, subject_id, **details)


def owner_of(principal: Principal) -> str | None:
    """Whose items a report counts for this person: everybody's, or their own."""
    return None if principal.scope is Scope.ALL else principal.person_id


def _of(owner_id: str | None) -> tuple[ColumnElement[bool], ...]:
    """The items of one owner, or all."""
    return () if owner_id is None else (Item.owner_id == owner_id,)


def _counts(session: Session, query: Select[str | None, int]) -> dict[str, int]:
    return {str(name or "unknown"): count for name, count in session.execute(query)}
