"""Uncovering one value that is shown masked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.access import limits
from services.access.reveals.tables import FieldReveal
from services.access.service import Asker, open_item
from services.kernel import readings
from services.kernel.blobs.keys import Vault
from services.kernel.errors import NotFound, TooMany
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.tables import Item

REASON_CONTEXT = "field_reveals.reason"
ACT = "field.reveal"


def reveal(session: Session, vault: Vault, asker: Asker, item_id: str, field_id: str, reason: str) -> dict[str, Any]:
    """The whole value of a field of an item that is open to this person, masked or not. Raises ``Forbidden`` where it is not
    open, ``TooMany`` where policy lets no more single values be uncovered today under masks."""
    item, why = open_item(session, asker, item_id)
    found = next((each for each in readings.field_values(session, vault, item) if each.row.id == field_id), None)
    if found is None:
        raise NotFound("This item has no such field now. Load its entry anew to see what it has.")
    if not why.unmasked:
        _hold_to(session, asker)
    row = FieldReveal(
        item_id=item.id,
        field_value_id=field_id,
        name=found.row.name,
        person_id=asker.principal.person_id,
        grant_id=why.grant_id,
        reason_sealed=vault.seal_text(session, item.key_id, REASON_CONTEXT, reason),
    )
    session.add(row)
    session.flush()
    told = {"field": field_id, "name": row.name, "reveal": row.id} | why.details
    journal.append(session, ACT, actor=row.person_id, item=item.id, request=asker.request, **told)
    return {"id": field_id, "name": row.name, "value": found.reading.value, "raw": found.reading.raw, "reveal_id": row.id}


def reveals(session: Session, vault: Vault, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """What was uncovered, newest first, with its reason while the item is there."""
    query = select(FieldReveal).order_by(FieldReveal.id.desc()).limit(limit)
    rows = session.scalars(query if after is None else query.where(FieldReveal.id < after))
    return [_shown(session, vault, row) for row in rows]


def _shown(session: Session, vault: Vault, row: FieldReveal) -> dict[str, Any]:
    item = session.get_one(Item, row.item_id)
    try:
        reason = vault.open_text(session, item.key_id, REASON_CONTEXT, row.reason_sealed)
    except NotFound:
        reason = None
    return {
        "id": row.id,
        "item_id": item.id,
        "reference_code": item.reference_code,
        "field": row.name,
        "person": {"id": row.person_id, "name": session.get_one(Person, row.person_id).name},
        "grant_id": row.grant_id,
        "reason": reason,
        "at": row.at.isoformat(),
    }


def _hold_to(session: Session, asker: Asker) -> None:
    most = versions.current(session).policy.access.most_reveals_a_day
    mine = (FieldReveal.person_id == asker.principal.person_id, FieldReveal.at >= limits.midnight())
    if (session.scalar(select(func.count()).where(*mine)) or 0) >= most:
        raise TooMany(
            f"Under masks {most} single values are uncovered a day. Ask for a grant that opens personal data, or go on "
            "tomorrow.",
            code="too-many-reveals",
            retry_after=limits.seconds_to_midnight(),
        )
