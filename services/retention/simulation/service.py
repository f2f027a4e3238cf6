"""The schedule under two policies side by side. Nothing is written."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from services.kernel.policy.model import Policy
from services.kernel.tables import Item
from services.retention import conditions
from services.retention.conditions import WATCHED, Condition

SAMPLE = 100


def compare(session: Session, before: Policy, after: Policy, day: date) -> dict[str, Any]:
    """Of all that is archived or due: how much would be due on ``day`` under each policy, what newly, what no longer, what
    would be restricted; by the class of the type under ``after``; and the first of the items that would newly be due. What a
    type asks for counts as confirmed."""
    was, will = _due(before, day), _due(after, day)
    restricted = conditions.restricted(after, day, conditions.class_by_type(after))
    name: ColumnElement[str] = conditions.class_by_type(after).label("name")
    numbers = conditions.counted(
        ("due_before", was),
        ("due_after", will),
        ("newly_due", and_(will, not_(was))),
        ("no_longer_due", and_(was, not_(will))),
        ("restricted", restricted),
    )
    query = select(name, func.count().label("items"), *numbers).where(Item.state.in_(WATCHED)).group_by(name)
    rows = [dict(row._mapping) for row in session.execute(query.order_by(name))]
    fresh = select(Item.id).where(Item.state.in_(WATCHED), will, not_(was)).order_by(Item.id).limit(SAMPLE)
    totals = [each for each in (rows[0] if rows else {}) if each != "name"]
    return {
        "day": day.isoformat(),
        "classes": rows,
        "total": {each: sum(row[each] for row in rows) for each in totals},
        "sample": list(session.scalars(fresh)),
    }


def _due(policy: Policy, day: date) -> Condition:
    return conditions.due(policy, day, conditions.class_by_type(policy))
