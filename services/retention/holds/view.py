"""Holds as they are shown. What was written of them may name people: identifiers in it are masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE
from services.kernel.holds import Hold
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.policy.masks import mask_identifiers
from services.retention.holds import service
from services.retention.holds.service import REASON_CONTEXT, RELEASE_CONTEXT


def shown(session: Session, vault: Vault, principal: Principal, holds: Sequence[Hold]) -> list[dict[str, Any]]:
    counted = service.counts(session, holds)
    ids = {each for hold in holds for each in (hold.placed_by, hold.released_by) if each}
    rows = session.execute(select(Person.id, Person.name, Person.natural_id).where(Person.id.in_(ids)))
    people = {row.id: row for row in rows}
    return [
        {
            "id": hold.id,
            "number": hold.number,
            "scope": hold.scope,
            "target": hold.target,
            "query": hold.details,
            "items": counted.get(hold.id, 0),
            "reason": _text(session, vault, hold, REASON_CONTEXT, hold.reason_sealed),
            "placed_by": {"id": hold.placed_by, "name": people[hold.placed_by].name},
            "placed_at": hold.placed_at.isoformat(),
            "remind_on": hold.remind_on.astimezone(OFFICE).date().isoformat() if hold.remind_on else None,
            "released_at": hold.released_at.isoformat() if hold.released_at else None,
            "released_by": _person(people, hold.released_by),
            "release_reason": _text(session, vault, hold, RELEASE_CONTEXT, hold.release_sealed),
            "may_release": hold.released_at is None and people[hold.placed_by].natural_id != principal.natural_id,
        }
        for hold in holds
    ]


def _person(people: dict[str, Any], person_id: str | None) -> dict[str, str] | None:
    return None if person_id is None else {"id": person_id, "name": people[person_id].name}


def _text(session: Session, vault: Vault, hold: Hold, context: str, sealed: bytes | None) -> str | None:
    if not sealed:
        return None
    return mask_identifiers(vault.open_text(session, hold.key_id, context, sealed))
