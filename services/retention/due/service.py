"""What is due, line by line; what policy's classes hold; what a change of type asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session

from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.errors import Conflict
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.policy.model import Policy
from services.kernel.tables import Item
from services.retention import calendar, conditions, facts, schedule
from services.retention.conditions import WATCHED


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a list is wanted; None is everything."""

    retention: str | None = None
    department: str | None = None
    type: str | None = None

    def of(self, query: Select[Item]) -> Select[Item]:
        for column, value in (
            (Item.retention_class, self.retention),
            (Item.department, self.department),
            (Item.type, self.type),
        ):
            if value is not None:
                query = query.where(column == value)
        return query


def due_items(session: Session, narrowing: Narrowing, *, after: str | None, limit: int) -> list[Item]:
    """The due list (到期清单), in the order of the items' ids."""
    return _page(session, narrowing.of(select(Item).where(Item.state == ItemState.DUE)), after, limit)


def reclassified_items(session: Session, narrowing: Narrowing, *, after: str | None, limit: int) -> list[Item]:
    """Items whose type, or policy's word on it, asks for another class than their clock follows."""
    policy = versions.current(session).policy
    query = select(Item).where(Item.state.in_(WATCHED), conditions.reclassified(policy))
    return _page(session, narrowing.of(query), after, limit)


def lines(session: Session, vault: Vault, principal: Principal, items: Sequence[Item]) -> list[dict[str, Any]]:
    """The items as lists show them, with their class and days."""
    policy = versions.current(session).policy
    judged = facts.assessed(session, policy, items)
    named = titles.shown(session, vault, principal, items)
    return [
        {
            "item_id": item.id,
            "reference_code": item.reference_code,
            "title": named[item.id],
            "type": item.type,
            "department": item.department,
            "state": item.state,
            "retention": facts.class_of(policy, item),
            "retention_by_type": policy.type_of(item.type).retention,
            "started_on": _iso(judged[item.id].started_on),
            "due_on": _iso(judged[item.id].due_on),
            "holds": item.holds,
            "on_loan": item.on_loan,
            "missing": item.missing,
        }
        for item in items
    ]


def explained(session: Session, item: Item) -> dict[str, Any]:
    """Why an item is due, or is not, line by line, as of today."""
    held, day = versions.current(session), calendar.today()
    judged = facts.assessed(session, held.policy, [item])[item.id]
    return {
        "item_id": item.id,
        "reference_code": item.reference_code,
        "type": item.type,
        "state": item.state,
        "policy": held.number,
        "day": day.isoformat(),
        "retention": facts.class_of(held.policy, item),
        "started_on": _iso(judged.started_on),
        "due_on": _iso(judged.due_on),
        "due": judged.is_due(day),
        "restricted_on": _iso(judged.restricted_on),
        "restricted": item.restricted,
        "holds": item.holds,
        "reasons": [reason.to_json() for reason in judged.reasons],
    }


def classes(session: Session) -> list[dict[str, Any]]:
    """Policy's classes, with how many items follow each and how many of them are due."""
    held = versions.current(session)
    query = (
        select(
            func.coalesce(Item.retention_class, conditions.class_by_type(held.policy)).label("name"),
            func.count().label("items"),
            func.sum(case((Item.state == ItemState.DUE, 1), else_=0)).label("due"),
        )
        .where(Item.state.in_(WATCHED))
        .group_by("name")
    )
    counted = {row.name: (row.items, row.due) for row in session.execute(query)}
    rows = [_class(held.policy, name, counted.get(name, (0, 0))) for name in held.policy.retention]
    unknown = set(counted) - set(held.policy.retention)
    return rows + [{"name": name, "unusable": True, "items": counted[name][0], "due": 0} for name in sorted(unknown)]


def confirm_classes(session: Session, actor: Principal, items: Sequence[Item], *, request: str | None) -> None:
    """A person says that items follow the class of their present type from now on. Raises ``Conflict`` for those that do."""
    policy = versions.current(session).policy
    named = {item.id: policy.type_of(item.type).retention for item in items}
    if same := [item.id for item in items if item.retention_class in (None, named[item.id])]:
        raise Conflict(f"Nothing waits to be confirmed for {', '.join(same[:10])}. List what does.")
    for name in sorted(set(named.values())):
        some = [each for each, wanted in named.items() if wanted == name]
        session.execute(update(Item).where(Item.id.in_(some)).values(retention_class=name))
        told: dict[str, Any] = {"retention": name, "items": some}
        journal.append(session, "retention.reclassify", actor=actor.person_id, request=request, **told)


def _class(policy: Policy, name: str, counted: tuple[int, int]) -> dict[str, Any]:
    rule = policy.retention[name]
    return {
        "name": name,
        "triggers": list(rule.triggers),
        "years": rule.years,
        "days": rule.days,
        "permanent": rule.permanent,
        "floor": rule.floor,
        "ceiling_days": rule.ceiling_days,
        "derive": {trigger: how.model_dump() for trigger, how in rule.derive.items()},
        "every_file": rule.every_file,
        "types": sorted(schedule.types_of(policy, name)),
        "unusable": False,
        "items": counted[0],
        "due": counted[1],
    }


def _page(session: Session, query: Select[Item], after: str | None, limit: int) -> list[Item]:
    query = query.order_by(Item.id).limit(limit)
    return list(session.scalars(query if after is None else query.where(Item.id > after)))


def _iso(day: Any) -> str | None:
    return None if day is None else day.isoformat()
