"""The schedule as conditions of a query over items: what ``schedule.assess`` says of one, asked of all at once. Each compares
days that are written down with a day that Python has computed (``terms.latest_start``); the databases compute no date.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from services.kernel.casefiles import CaseFileItem
from services.kernel.model import ItemState
from services.kernel.policy.model import Policy, RetentionRule
from services.kernel.tables import FieldValue, Item
from services.retention import schedule, terms
from services.retention.batches.tables import RetentionExtension
from services.retention.tables import RetentionEvent

Condition = ColumnElement[bool]
WATCHED = (ItemState.ARCHIVED, ItemState.DUE)
"""What is in a batch is the batch's: its gates ask the schedule themselves."""


def watched() -> Condition:
    """Whether the schedule goes by an item. Asked of a range of ids, SQLite would rather go through all items in these states,
    of which there is an index, again for each range: so it is not told the bare column."""
    return func.coalesce(Item.state, "").in_(WATCHED)


def class_by_type(policy: Policy) -> ColumnElement[str]:
    """The class that the item's present type asks for; that of ``other`` where policy does not know the type."""
    types = policy.taxonomy.types
    named = {name: rule.retention for name, rule in types.items() if name != "other"}
    return case(named, value=Item.type, else_=types["other"].retention)


def classes(policy: Policy) -> CTE:
    """``class_by_type`` as a table of ``type`` and ``name``: a query that names the class often would go through all types each
    time."""
    types = policy.taxonomy.types.items()
    rows = [
        select(literal(type_, String).label("type"), literal(rule.retention, String).label("name")) for type_, rule in types
    ]
    return union_all(*rows).cte("classes")


def followed() -> ColumnElement[str]:
    """The class that the item's clock follows, as it was confirmed."""
    return func.coalesce(Item.retention_class, "")


def reclassified(policy: Policy) -> Condition:
    return and_(Item.retention_class.is_not(None), Item.retention_class != class_by_type(policy))


def due(policy: Policy, day: date, follows: ColumnElement[str]) -> Condition:
    """Whether an item is due on a day: its time is over, and nothing is in the way."""
    clear = and_(Item.holds == 0, follows == class_by_type(policy))
    return and_(matured(policy, day, follows), clear)


def matured(policy: Policy, day: date, follows: ColumnElement[str]) -> Condition:
    """Whether the item's time is over."""
    over = [
        and_(follows == name, _over(rule, start))
        for name, rule in policy.retention.items()
        if (start := terms.latest_start(rule, day)) is not None
    ]
    extended = exists().where(RetentionExtension.item_id == Item.id, RetentionExtension.until > day).correlate(Item)
    return and_(or_(false(), *over), not_(extended))


def restricted(policy: Policy, day: date, follows: ColumnElement[str]) -> Condition:
    """Whether law wants it gone already while it must be kept (PIPL 47)."""
    ceilings = [
        and_(follows == name, _over(rule, start))
        for name, rule in policy.retention.items()
        if (start := terms.latest_ceiling(rule, day)) is not None
    ]
    for name, fields in schedule.classes_of_purposes(policy).items():
        rule = policy.retention[name]
        if (start := terms.latest_ceiling(rule, day)) is not None:
            held = exists().where(FieldValue.item_id == Item.id, FieldValue.name.in_(fields)).correlate(Item)
            ceilings.append(and_(held, _over(rule, start)))
    return and_(or_(false(), *ceilings), not_(matured(policy, day, follows)))


def _over(rule: RetentionRule, start: date) -> Condition:
    """All triggers have happened, none of them after ``start``."""
    conditions = [_happened(name) for name in rule.triggers]
    if rule.every_file:
        conditions += [not_(_open_file(name)) for name in rule.triggers]
    return and_(*conditions, not_(_recorded(RetentionEvent.name.in_(rule.triggers), RetentionEvent.day > start)))


def _happened(name: str) -> Condition:
    return _recorded(RetentionEvent.name == name, RetentionEvent.day.is_not(None))


def _recorded(*which: Condition) -> Condition:
    """Whether such an event stands for the item, or for a customer's file that it lies in."""
    own = _standing(*which).where(RetentionEvent.item_id == Item.id)
    files = _standing(*which).join(CaseFileItem, CaseFileItem.file_id == RetentionEvent.file_id)
    return or_(own.correlate(Item).exists(), files.where(CaseFileItem.item_id == Item.id).correlate(Item).exists())


def _open_file(name: str) -> Condition:
    """Whether the item lies in a customer's file in which this has not happened."""
    told = _standing(RetentionEvent.name == name, RetentionEvent.day.is_not(None))
    there = told.where(RetentionEvent.file_id == CaseFileItem.file_id).correlate(CaseFileItem).exists()
    return exists().where(CaseFileItem.item_id == Item.id, not_(there)).correlate(Item)


def _standing(*which: Condition) -> Select[str]:
    return select(RetentionEvent.id).where(RetentionEvent.withdrawn_at.is_(None), *which)


def told(condition: Condition, name: str) -> ColumnElement[int]:
    """A condition as a column, 1 or 0. Under CASE a database stops at what decides; as a bare column SQLite would ask every
    class's subqueries of every item."""
    return case((condition, 1), else_=0).label(name)


def counted(*named: tuple[str, Condition]) -> Iterable[ColumnElement[int]]:
    """How many items meet each condition, as columns of one query."""
    return [func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name) for name, condition in named]
