"""Examining items: which are due, and what each gave."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.custody.properties import facts, rules
from services.custody.properties.rules import Occasion
from services.custody.properties.tables import PropertyCheck
from services.kernel import notices
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.ledger import journal
from services.kernel.model import ItemState, Role
from services.kernel.policy import versions
from services.kernel.tables import Item

AT_ONCE = 200
"""Items that one job examines."""


def look(kernel: Kernel, item_id: str) -> rules.Facts | None:
    """Everything that the rules ask about an item; None for one that is not there."""
    with kernel.database.read() as session:
        item = session.get(Item, item_id)
        if item is None:
            return None
        return facts.gather(kernel, session, item, facts.look_at_master(kernel, session, item))


def enter(session: Session, item_id: str, occasion: Occasion, seen: rules.Facts) -> PropertyCheck:
    """Keeps what was found; what did not pass is told to the archivists."""
    item = session.get_one(Item, item_id)
    checks = rules.judge(seen)
    row = PropertyCheck(
        item_id=item.id,
        revision=item.revision,
        occasion=occasion,
        passed=rules.passed(checks),
        checks=[check.to_json() for check in checks],
    )
    session.add(row)
    session.flush()
    if not row.passed:
        people = notices.holders(session, [Role.ARCHIVIST])
        notices.notify(session, people, "examination.failed", "examination", row.id, reference_code=item.reference_code)
    failed = [f"{check.property}.{check.name}" for check in checks if check.ok is False]
    result = "failed" if failed else "ok"
    journal.append(session, "item.examine", actor=None, item=item.id, result=result, occasion=occasion, failed=failed)
    return row


def due(session: Session, occasion: Occasion, limit: int = AT_ONCE) -> list[str]:
    """Archived items that were never examined since they were filed; or, in storage, those examined longest ago, if that is
    longer than policy says."""
    last = select(PropertyCheck.item_id, func.max(PropertyCheck.at).label("at")).group_by(PropertyCheck.item_id).subquery()
    query = select(Item.id).outerjoin(last, last.c.item_id == Item.id).where(Item.state == ItemState.ARCHIVED)
    if occasion is Occasion.FILING:
        query = query.where(last.c.at.is_(None)).order_by(Item.id)
    else:
        days = versions.current(session).policy.custody.check_days
        query = query.where(last.c.at < now() - timedelta(days=days)).order_by(last.c.at, Item.id)
    return list(session.scalars(query.limit(limit)))


def latest(session: Session, item_id: str) -> PropertyCheck | None:
    mine = select(PropertyCheck).where(PropertyCheck.item_id == item_id)
    return session.scalar(mine.order_by(PropertyCheck.at.desc(), PropertyCheck.id.desc()).limit(1))
