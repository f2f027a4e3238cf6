"""The lines of a batch as they are shown, and what is in their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.identity.rights import Principal, Right, may_know
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.tables import Item
from services.retention.batches import gate
from services.retention.batches.appraisal import REASON_CONTEXT
from services.retention.batches.model import LineState, Obstacle
from services.retention.batches.tables import DestructionBatch, DestructionLine


def shown(
    session: Session, vault: Vault, principal: Principal, batch: DestructionBatch, lines: Sequence[DestructionLine]
) -> list[dict[str, Any]]:
    """With titles, masked unless the item is open to this person, and opinions with their reasons for those who appraise and
    decide; nothing of an item that is destroyed but what the register says."""
    items = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_([line.item_id for line in lines])))}
    alive = {each: item for each, item in items.items() if item.state != ItemState.DESTROYED}
    named = titles.shown(session, vault, principal, [item for item in alive.values() if may_know(principal, item)])
    blocked = gate.flags(session, alive.values()) | _stale(session, batch, lines)
    policy = versions.current(session).policy
    reads = principal.may(Right.APPRAISE) or principal.may(Right.DECIDE)

    def one(line: DestructionLine) -> dict[str, Any]:
        item, sealed = alive.get(line.item_id), line.opinion_reason_sealed
        return {
            "position": line.position,
            "item_id": line.item_id,
            "state": line.state,
            "reference_code": line.reference_code,
            "title": named.get(line.item_id),
            "type": line.type,
            "type_title": policy.type_of(line.type).title,
            "department": line.department,
            "pages": line.pages,
            "copies": line.copies,
            "retention": line.retention,
            "period": line.period,
            "received_on": line.received_on.isoformat() if line.received_on else None,
            "started_on": line.started_on.isoformat() if line.started_on else None,
            "due_on": line.due_on.isoformat() if line.due_on else None,
            "opinion": line.opinion,
            "reason": vault.open_text(session, item.key_id, REASON_CONTEXT, sealed) if item and sealed and reads else None,
            "until": line.extend_until.isoformat() if line.extend_until else None,
            "obstacle": line.obstacle or (blocked.get(line.item_id) if line.state == LineState.LISTED else None),
            "ended_at": line.ended_at.isoformat() if line.ended_at else None,
        }

    return [one(line) for line in lines]


def _stale(session: Session, batch: DestructionBatch, lines: Sequence[DestructionLine]) -> dict[str, Obstacle]:
    listed = [line for line in lines if line.state == LineState.LISTED]
    return dict.fromkeys(gate.stale(session, listed, frozen=batch.manifest_sha256 is not None), Obstacle.STALE)
