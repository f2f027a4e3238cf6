"""Going through the items, some hundreds in a transaction: each sets right what the schedule says of them. What is found as it
should be is not written, so that a run may be repeated, and two at once do no harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from services.kernel.dialects import among
from services.kernel.items import change_many, move_many
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.policy.model import Policy
from services.kernel.tables import Item
from services.retention import conditions
from services.retention.conditions import WATCHED
from services.retention.events.deriving import Deriving
from services.retention.tables import RetentionRun

AT_ONCE = 5_000
"""Items in one transaction: what the long query costs to send is paid once for all of them, and whoever waits to write waits
a quarter of one second."""


class Sweep:
    """The schedule of one policy on one day. Built once: the queries are long, and the same for each step."""

    def __init__(self, policy: Policy, day: date) -> None:
        watched, classes = Item.state.in_(WATCHED), conditions.classes(policy)
        follows = func.coalesce(Item.retention_class, classes.c.name, policy.taxonomy.types["other"].retention)
        self._judged = select(
            Item.id,
            Item.state,
            Item.restricted,
            conditions.told(Item.retention_class.is_(None), "fresh"),
            conditions.told(and_(watched, conditions.due(policy, day, follows)), "due"),
            conditions.told(and_(watched, conditions.restricted(policy, day, follows)), "restrict"),
        ).outerjoin(classes, classes.c.type == Item.type)
        self._followed = func.coalesce(Item.retention_class, conditions.class_by_type(policy))

    def step(self, session: Session, run: RetentionRun, deriving: Deriving) -> bool:
        """Judges the next items after ``run.reached``, by what their verified fields tell too. Returns whether there were
        any."""
        after = run.reached or ""
        last = session.scalar(select(Item.id).where(Item.id > after).order_by(Item.id).offset(AT_ONCE - 1).limit(1))
        last = last or session.scalar(select(func.max(Item.id)).where(Item.id > after))
        if last is None:
            return False
        these = and_(Item.id > after, Item.id <= last)
        deriving.read(session, run, these)
        changes = self._set_right(session, these)
        run.reached = last
        run.counts = dict(Counter(run.counts) + Counter({what: len(some) for what, some in changes.items()}))
        for what, some in changes.items():
            if some:
                journal.append(session, f"retention.{what}", actor=None, run=run.id, policy=run.policy, items=some)
        return True

    def take_off(self, session: Session, ids: Sequence[str]) -> list[str]:
        """Takes those of these items off the due list that are due no more."""
        gone = [row.id for row in self._judge(session, Item.id.in_(ids)) if row.state == ItemState.DUE and not row.due]
        return move_many(session, gone, ItemState.DUE, ItemState.ARCHIVED)

    def _adopt(self, session: Session, ids: Sequence[str]) -> None:
        """What the schedule sees for the first time follows the class of its type from now on."""
        if ids:
            fresh = (among(session, Item.id, ids), _still(Item.retention_class.is_(None)))
            statement = update(Item).where(*fresh).values(retention_class=self._followed)
            session.execute(statement, execution_options={"synchronize_session": False})

    def _judge(self, session: Session, these: ColumnElement[bool]) -> Sequence[Any]:
        return session.execute(self._judged.where(these)).all()

    def _set_right(self, session: Session, these: ColumnElement[bool]) -> dict[str, list[str]]:
        rows = [row for row in self._judge(session, these) if row.state in WATCHED]
        fallen = [row.id for row in rows if row.due and row.state == ItemState.ARCHIVED]
        taken = [row.id for row in rows if not row.due and row.state == ItemState.DUE]
        shut = [row.id for row in rows if row.restrict and not row.restricted]
        opened = [row.id for row in rows if not row.restrict and row.restricted]
        due = move_many(session, fallen, ItemState.ARCHIVED, ItemState.DUE, Item.holds == 0, retention_class=self._followed)
        self._adopt(session, sorted({row.id for row in rows if row.fresh} - set(due)))
        return {
            "due": due,
            "return": move_many(session, taken, ItemState.DUE, ItemState.ARCHIVED),
            "restrict": change_many(session, shut, {"restricted": True}, _still(Item.restricted.is_(False))),
            "lift": change_many(session, opened, {"restricted": False}, _still(Item.restricted.is_(True))),
        }


def _still(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(condition, Item.state.in_(WATCHED))
