"""A handover list as it is shown and printed."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.filing.handovers.service import REASON_CONTEXT
from services.filing.handovers.tables import Handover
from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.policy import versions
from services.kernel.tables import Item


def summary(session: Session, handover: Handover) -> dict[str, Any]:
    decided = [line.accepted for line in handover.lines]
    return {
        "id": handover.id,
        "number": handover.number,
        "giver": _person(session, handover.giver_id),
        "taker": _person(session, handover.taker_id),
        "opened_at": handover.opened_at.isoformat(),
        "closed_at": handover.closed_at.isoformat() if handover.closed_at else None,
        "items": len(decided),
        "accepted": decided.count(True),
        "rejected": decided.count(False),
    }


def whole(session: Session, vault: Vault, principal: Principal, handover: Handover) -> dict[str, Any]:
    items = [session.get_one(Item, line.item_id) for line in handover.lines]
    named = titles.shown(session, vault, principal, items)
    policy = versions.current(session).policy
    lines = []
    for line, item in zip(handover.lines, items, strict=True):
        sealed = line.reason_sealed
        lines.append(
            {
                "position": line.position,
                "item_id": item.id,
                "reference_code": item.reference_code,
                "title": named[item.id],
                "type": item.type,
                "type_title": policy.type_of(item.type).title,
                "pages": len(item.pages),
                "accepted": line.accepted,
                "reason": vault.open_text(session, item.key_id, REASON_CONTEXT, sealed) if sealed else None,
            }
        )
    return summary(session, handover) | {"lines": lines, "mine": handover.taker_id == principal.person_id}


def _person(session: Session, person_id: str) -> dict[str, str]:
    return {"id": person_id, "name": session.get_one(Person, person_id).name}
