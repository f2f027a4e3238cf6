"""Printing labels, and finding the boxes whose label no longer says what holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.filing.catalogue.service import FILED
from services.filing.labels.tables import Label
from services.filing.paper import words
from services.filing.paper.labels import LabelText
from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.errors import Conflict
from services.kernel.identity.rights import Principal, Scope
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.tables import Item

MARK = "muniment:item:"


def make(session: Session, vault: Vault, actor: Principal, items: Sequence[Item], *, request: str | None) -> list[LabelText]:
    """What is to be printed, and remembers it. Raises ``Conflict`` for an item whose number is still a draft."""
    if drafts := [item.id for item in items if item.reference_code_draft]:
        raise Conflict(f"Numbers are final once an item is signed off, and only then a label is printed: {', '.join(drafts)}.")
    held = versions.current(session)
    named = titles.shown(session, vault, actor, items)
    made = []
    for item in items:
        rule = held.policy.type_of(item.type)
        printed = {"retention": rule.retention, "period": rule.period, "policy": held.number}
        session.add(Label(item_id=item.id, printed_by=actor.person_id, **printed))
        text = (named[item.id], item.reference_code or "", words.period(rule.period), rule.title)
        made.append(LabelText(*text, f"{MARK}{item.id}"))
    ids = [item.id for item in items]
    journal.append(session, "label.print", actor=actor.person_id, request=request, items=ids, policy=held.number)
    return made


@dataclass(frozen=True, slots=True)
class Relabelling:
    """A box whose label says ``printed`` where it should say ``wanted``: (retention class, period) each."""

    item: Item
    printed: tuple[str, str]
    wanted: tuple[str, str]


def to_relabel(session: Session, actor: Principal) -> list[Relabelling]:
    """The boxes that need another label, because an item was reclassified or policy changed."""
    policy = versions.current(session).policy
    latest = select(func.max(Label.id)).group_by(Label.item_id)
    query = select(Label, Item).join(Item, Item.id == Label.item_id).where(Label.id.in_(latest), Item.state.in_(FILED))
    if actor.scope is not Scope.ALL:
        query = query.where(Item.owner_id == actor.person_id)
    found = []
    for label, item in session.execute(query.order_by(Item.reference_code)):
        rule = policy.type_of(item.type)
        one = Relabelling(item, (label.retention, label.period), (rule.retention, rule.period))
        if one.printed != one.wanted:
            found.append(one)
    return found
