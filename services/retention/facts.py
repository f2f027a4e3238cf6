"""What is known of items, for the schedule to judge: one query a kind of fact, however many items are asked of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.kernel.casefiles import CaseFileItem
from services.kernel.policy.model import Policy
from services.kernel.tables import FieldValue, Item
from services.retention import schedule
from services.retention.batches.tables import RetentionExtension
from services.retention.schedule import Assessment, Facts
from services.retention.tables import RetentionEvent


def assessed(session: Session, policy: Policy, items: Sequence[Item]) -> dict[str, Assessment]:
    """Each item's assessment under a policy, by its id."""
    known = facts_of(session, policy, items)
    return {item.id: schedule.assess(policy, class_of(policy, item), known[item.id]) for item in items}


def class_of(policy: Policy, item: Item) -> str:
    """The class that the item's clock follows: that of its type until the schedule has seen it."""
    return item.retention_class or policy.type_of(item.type).retention


def facts_of(session: Session, policy: Policy, items: Sequence[Item]) -> dict[str, Facts]:
    ids = [item.id for item in items]
    files = _files(session, ids)
    happened = events_of(session, ids)
    days = {item_id: _latest(rows) for item_id, rows in happened.items()}
    purposes = _purposes(session, policy, ids)
    extended = _extended(session, ids)
    found = {}
    for item in items:
        events, open_files = days[item.id], _open(policy, happened[item.id], files[item.id])
        by_type = policy.type_of(item.type).retention
        found[item.id] = Facts(
            events=events,
            open_files=open_files,
            purposes={
                name: start for name in purposes[item.id] if (start := _start(policy, name, events, open_files)) is not None
            },
            extended_until=extended.get(item.id),
            reclassified=by_type if item.retention_class not in (None, by_type) else None,
            holds=item.holds,
        )
    return found


def events_of(session: Session, ids: Sequence[str]) -> dict[str, list[RetentionEvent]]:
    """The events that stand, of each item and of the files that it lies in, oldest first."""
    found: dict[str, list[RetentionEvent]] = {each: [] for each in ids}
    own = select(RetentionEvent, Item.id).join(Item, Item.id == RetentionEvent.item_id).where(RetentionEvent.item_id.in_(ids))
    through = (
        select(RetentionEvent, CaseFileItem.item_id)
        .join(CaseFileItem, CaseFileItem.file_id == RetentionEvent.file_id)
        .where(CaseFileItem.item_id.in_(ids))
    )
    for query in (own, through):
        standing = query.where(RetentionEvent.withdrawn_at.is_(None), RetentionEvent.day.is_not(None))
        for event, item_id in session.execute(standing.order_by(RetentionEvent.id)):
            found[item_id].append(event)
    return found


def _latest(rows: Sequence[RetentionEvent]) -> dict[str, date]:
    days: dict[str, date] = {}
    for event in rows:
        if event.day is not None:
            days[event.name] = max(event.day, days.get(event.name, date.min))
    return days


def _files(session: Session, ids: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {each: set() for each in ids}
    for item_id, file_id in session.execute(
        select(CaseFileItem.item_id, CaseFileItem.file_id).where(CaseFileItem.item_id.in_(ids))
    ):
        found[item_id].add(file_id)
    return found


def _open(policy: Policy, rows: Sequence[RetentionEvent], files: set[str]) -> frozenset[str]:
    """Triggers that have not happened in each of these files."""
    names = {name for rule in policy.retention.values() if rule.every_file for name in rule.triggers}
    told = {(event.name, event.file_id) for event in rows}
    return frozenset(name for name in names if any((name, file_id) not in told for file_id in files))


def _purposes(session: Session, policy: Policy, ids: Sequence[str]) -> dict[str, set[str]]:
    """The classes with a ceiling of what each item's fields are kept for."""
    found: dict[str, set[str]] = defaultdict(set)
    classes = schedule.classes_of_purposes(policy)
    asked = or_(*(FieldValue.name.in_(fields) for fields in classes.values())) if classes else FieldValue.id.is_(None)
    rows = session.execute(select(FieldValue.item_id, FieldValue.name).where(FieldValue.item_id.in_(ids), asked).distinct())
    for item_id, name in rows:
        found[item_id] |= {each for each, fields in classes.items() if name in fields}
    return found


def _start(policy: Policy, name: str, events: dict[str, date], open_files: frozenset[str]) -> date | None:
    rule = policy.retention[name]
    if schedule.missing_triggers(rule, Facts(events, open_files)):
        return None
    return max(events[each] for each in rule.triggers)


def _extended(session: Session, ids: Sequence[str]) -> dict[str, date]:
    query = select(RetentionExtension.item_id, func.max(RetentionExtension.until)).where(RetentionExtension.item_id.in_(ids))
    return {item_id: until for item_id, until in session.execute(query.group_by(RetentionExtension.item_id))}  # noqa: C416
