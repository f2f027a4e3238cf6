"""Triggers that verified fields tell (policy's ``derive``): what nobody vouched for starts no clock.

A value is read once. Where a person corrects or strikes it out, what was derived from it before is withdrawn; a rescan changes
nothing until its own reading is vouched for (hard case 7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.ledger import journal
from services.kernel.policy.model import Derivation, Policy
from services.kernel.readings import VALUE_CONTEXT
from services.kernel.tables import FieldValue, Item
from services.retention.conditions import watched
from services.retention.schedule import types_of
from services.retention.tables import RetentionEvent, RetentionRun

VERIFIED = ("confirmed", "certified")
Rule = tuple[frozenset[str], str, Derivation]
"""Document types, the trigger, and the field that tells it."""


class Deriving:
    def __init__(self, vault: Vault, policy: Policy) -> None:
        self._vault = vault
        self._rules: list[Rule] = [
            (types_of(policy, name), trigger, how)
            for name, rule in policy.retention.items()
            for trigger, how in rule.derive.items()
        ]
        fields = sorted({how.field for _, _, how in self._rules})
        self._verified = (
            select(FieldValue, Item)
            .join(Item, Item.id == FieldValue.item_id)
            .where(FieldValue.name.in_(fields), FieldValue.verification.in_(VERIFIED))
            .where(FieldValue.revision == Item.revision, watched())
            .order_by(FieldValue.id)
        )

    def read(self, session: Session, run: RetentionRun, these: ColumnElement[bool]) -> None:
        """Reads the verified values of these items that were not read before."""
        rows = session.execute(self._verified.where(these)).all()
        if not rows:
            return
        read = _read(session, [value.id for value, _ in rows])
        current = _current(session, sorted({item.id for _, item in rows}))
        touched: dict[str, set[str]] = defaultdict(set)
        for value, item in rows:
            for trigger, how in self._told_by(item.type, value.name):
                if (value.id, trigger) in read:
                    continue
                text = self._vault.open_text(session, item.key_id, VALUE_CONTEXT, value.value_sealed)
                day = day_of(how, text) if value.id in current[item.id] else None
                _withdraw(session, item.id, trigger, current[item.id])
                session.add(RetentionEvent(name=trigger, day=day, item_id=item.id, field_value_id=value.id))
                touched[trigger].add(item.id)
        for trigger, some in sorted(touched.items()):
            journal.append(session, "retention.derive", actor=None, run=run.id, name=trigger, items=sorted(some))

    def _told_by(self, type_: str | None, field: str) -> list[tuple[str, Derivation]]:
        return [(trigger, how) for types, trigger, how in self._rules if type_ in types and how.field == field]


def day_of(how: Derivation, text: str) -> date | None:
    """The day that a value tells; None for one that names none, such as 长期."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return date(day.year, 12, 31) if how.at == "year_end" else day


def _read(session: Session, value_ids: Sequence[str]) -> set[tuple[str, str]]:
    """The values that were read already, each with the trigger that it was read for."""
    query = select(RetentionEvent.field_value_id, RetentionEvent.name).where(RetentionEvent.field_value_id.in_(value_ids))
    return {(value_id, name) for value_id, name in session.execute(query) if value_id is not None}


def _current(session: Session, item_ids: Sequence[str]) -> dict[str, set[str]]:
    """The values of each item's present revision that no other has replaced."""
    later = aliased(FieldValue)
    replaced = select(later.id).where(later.item_id == FieldValue.item_id, later.replaces == FieldValue.id)
    query = (
        select(FieldValue.item_id, FieldValue.id)
        .join(Item, Item.id == FieldValue.item_id)
        .where(FieldValue.item_id.in_(item_ids), FieldValue.revision == Item.revision)
        .where(~replaced.correlate(FieldValue).exists())
    )
    found: dict[str, set[str]] = {each: set() for each in item_ids}
    for item_id, value_id in session.execute(query):
        found[item_id].add(value_id)
    return found


def _withdraw(session: Session, item_id: str, trigger: str, current: set[str]) -> None:
    """Withdraws what was derived from values that stand no more."""
    derived = select(RetentionEvent).where(
        RetentionEvent.item_id == item_id,
        RetentionEvent.name == trigger,
        RetentionEvent.field_value_id.is_not(None),
        RetentionEvent.withdrawn_at.is_(None),
    )
    for event in session.scalars(derived):
        if event.field_value_id not in current:
            event.withdrawn_at = now()
