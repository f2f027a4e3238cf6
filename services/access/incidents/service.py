"""Reporting incidents and settling them. Paper that is lost is MISSING until it is found: nothing missing is destroyed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict
from services.kernel.identity.rights import Principal
from services.kernel.incidents import Incident
from services.kernel.items import changed
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.tables import Item

TEXT_CONTEXT, OUTCOME_CONTEXT = "incidents.text", "incidents.outcome"
LOSS = "loss"


def report(
    session: Session,
    vault: Vault,
    actor: Principal,
    item: Item,
    kind: str,
    text: str,
    *,
    loan_id: str | None = None,
    copy_id: str | None = None,
) -> Incident:
    """Enters an incident and tells archivists and leaders. A lost original is flagged MISSING; a lost copy is not the original.
    The caller appends to the ledger, last."""
    incident = Incident(
        item_id=item.id,
        kind=kind,
        loan_id=loan_id,
        copy_id=copy_id,
        text_sealed=vault.seal_text(session, item.key_id, TEXT_CONTEXT, text),
        reported_by=actor.person_id,
    )
    session.add(incident)
    if kind == LOSS and copy_id is None:
        item.missing = True
        changed(session, item)
    session.flush()
    people = [each for each in notices.holders(session, [Role.ARCHIVIST, Role.COMPANY_LEADER]) if each != actor.person_id]
    notices.notify(session, people, "incident.reported", "incident", incident.id)
    return incident


def enter(session: Session, actor: Principal, incident: Incident, *, request: str | None) -> None:
    told: dict[str, Any] = {"incident": incident.id, "kind": incident.kind, "loan": incident.loan_id, "copy": incident.copy_id}
    journal.append(session, "incident.report", actor=actor.person_id, item=incident.item_id, request=request, **told)


def settle(
    session: Session, vault: Vault, actor: Principal, incident: Incident, outcome: str, text: str, *, request: str | None
) -> None:
    """``found`` takes the MISSING flag off again, unless another loss of the item is open."""
    if incident.settled_at is not None:
        raise Conflict("This incident is settled already. Report a new one.")
    item = session.get_one(Item, incident.item_id, with_for_update=TO_CHANGE) if incident.item_id else None
    if item is None:
        incident.key_id = vault.new_key(session).id
    incident.outcome, incident.settled_by, incident.settled_at = outcome, actor.person_id, now()
    incident.outcome_sealed = vault.seal_text(session, _key(incident, item), OUTCOME_CONTEXT, text)
    session.flush()
    if item is not None and outcome == "found" and incident.kind == LOSS and not incident.copy_id and not _lost(session, item):
        item.missing = False
        changed(session, item)
    told: dict[str, Any] = {"incident": incident.id, "outcome": outcome}
    journal.append(session, "incident.settle", actor=actor.person_id, item=incident.item_id, request=request, **told)


def incidents(session: Session, *, open_only: bool, after: str | None, limit: int) -> list[Incident]:
    query = select(Incident).order_by(Incident.id.desc()).limit(limit)
    if open_only:
        query = query.where(Incident.settled_at.is_(None))
    return list(session.scalars(query if after is None else query.where(Incident.id < after)))


def shown(session: Session, vault: Vault, incident: Incident) -> dict[str, Any]:
    item = session.get_one(Item, incident.item_id) if incident.item_id else None
    text, outcome = incident.text_sealed, incident.outcome_sealed  # gone, once the item is destroyed
    return {
        "id": incident.id,
        "item_id": incident.item_id,
        "reference_code": item.reference_code if item else None,
        "kind": incident.kind,
        "loan_id": incident.loan_id,
        "copy_id": incident.copy_id,
        "object_id": incident.blob_id,
        "details": incident.details or {},
        "text": vault.open_text(session, _key(incident, item), TEXT_CONTEXT, text) if text else None,
        "reported_by": incident.reported_by,
        "reported_at": incident.reported_at.isoformat(),
        "outcome": incident.outcome,
        "outcome_text": vault.open_text(session, _key(incident, item), OUTCOME_CONTEXT, outcome) if outcome else None,
        "settled_at": incident.settled_at.isoformat() if incident.settled_at else None,
    }


def _key(incident: Incident, item: Item | None) -> str:
    key_id = item.key_id if item else incident.key_id
    assert key_id is not None, "what was written has a key"
    return key_id


def _lost(session: Session, item: Item) -> bool:
    query = select(Incident.id).where(
        Incident.item_id == item.id, Incident.kind == LOSS, Incident.copy_id.is_(None), Incident.settled_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None
