"""What filing forms ask of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing.corrections.tables import Correction
from services.filing.forms.tables import FilingForm
from services.kernel.dialects import TO_CHANGE
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.tables import Item


def form(session: Session, form_id: str, *, to_change: bool) -> FilingForm | None:
    return session.get(FilingForm, form_id, with_for_update=TO_CHANGE if to_change else None)


def forms(session: Session, *, state: str | None, after: str | None, limit: int) -> list[FilingForm]:
    """Newest first."""
    query = select(FilingForm).order_by(FilingForm.id.desc()).limit(limit)
    if state is not None:
        query = query.where(FilingForm.state == state)
    return list(session.scalars(query if after is None else query.where(FilingForm.id < after)))


def items_of(session: Session, form: FilingForm) -> list[Item]:
    """The items on a form, in its order, locked."""
    ids = [line.item_id for line in form.lines]
    query = select(Item).where(Item.id.in_(ids)).order_by(Item.id).with_for_update(key_share=True)
    found = {item.id: item for item in session.scalars(query)}
    return [found[each] for each in ids]


def corrected_by(session: Session, actor: Principal, items: Sequence[Item]) -> list[str]:
    """Those of the items whose entry this natural person has corrected or vouched for."""
    query = (
        select(Correction.item_id)
        .join(Person, Person.id == Correction.by_id)
        .where(Correction.item_id.in_([item.id for item in items]), Person.natural_id == actor.natural_id)
    )
    return sorted(set(session.scalars(query)))
