"""Trigger events over HTTP, one by one and in bulk."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import reach
from services.kernel.blobs.keys import Vault
from services.kernel.errors import InvalidInput
from services.kernel.http import idempotency
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.policy.masks import mask_identifiers
from services.retention.events import service
from services.retention.events.service import NOTE_CONTEXT, WITHDRAWAL_CONTEXT, Happening
from services.retention.tables import RetentionEvent

router = APIRouter(prefix="/api/v1/retention", tags=["retention"])
Id = Annotated[str, Field(max_length=36)]


class NewEvent(BaseModel):
    """Of items, of a customer's file, or of all items that name one person (``subject_id`` of their parties)."""

    name: str = Field(max_length=40)
    day: date
    item_ids: list[Id] = Field([], max_length=reach.MOST)
    file_id: Id | None = None
    subject_id: Id | None = None
    note: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _of_one_thing(self) -> NewEvent:
        if sum(map(bool, (self.item_ids, self.file_id, self.subject_id))) != 1:
            raise ValueError("name items, or a file, or a subject")
        return self


class Withdrawal(BaseModel):
    reason: str = Field(min_length=2, max_length=2000)


@router.get("/triggers")
def triggers(kernel: KernelDep, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """What starts clocks, by the classes of policy."""
    with kernel.database.read() as session:
        policy = versions.current(session).policy
        return {
            "triggers": [
                {"name": name, "classes": sorted(each for each, rule in policy.retention.items() if name in rule.triggers)}
                for name in service.triggers_of(policy)
            ]
        }


@router.post("/events", status_code=201)
def record(
    kernel: KernelDep,
    body: NewEvent,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Records that a trigger has happened."""
    what = Happening(body.name, body.day, body.note)
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            if body.file_id is not None:
                file = service.file_for(session, principal, body.file_id)
                return {"ids": [service.record_on_file(session, kernel.vault, principal, file, what, request=request).id]}
            if body.subject_id is not None:
                items = service.items_of_subject(session, principal, body.subject_id)
            else:
                items = reach.items_for(session, principal, body.item_ids, lock=False)
            made = service.record_on_items(session, kernel.vault, principal, items, what, request=request)
            return {"ids": [event.id for event in made]}

        return idempotency.once(session, principal, "retention-events", key, body.model_dump(mode="json"), create)


@router.get("/events")
def list_events(
    kernel: KernelDep,
    request: RequestId,
    item: Annotated[str | None, Query(max_length=36)] = None,
    file: Annotated[str | None, Query(max_length=36)] = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """All that was recorded of an item, or of a customer's file, withdrawn or not, oldest first."""
    with kernel.database.write() as session:
        if item is not None:
            (found,) = reach.items_for(session, principal, [item], lock=False)
            key_id, which = found.key_id, RetentionEvent.item_id == found.id
        elif file is not None:
            kept = service.file_for(session, principal, file)
            key_id, which = kept.key_id, RetentionEvent.file_id == kept.id
        else:
            raise InvalidInput("Name an item or a file.")
        rows = session.scalars(select(RetentionEvent).where(which).order_by(RetentionEvent.id)).all()
        events = [shown(session, kernel.vault, key_id, row) for row in rows]
        journal.append(session, "retention.events", actor=principal.person_id, item=item, request=request, file=file)
        return {"events": events}


@router.post("/events/{event_id}/withdrawal")
def withdraw(
    kernel: KernelDep, event_id: str, body: Withdrawal, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Says that it did not happen after all. Answers with the items that are due no more."""
    with kernel.database.write() as session:
        event = service.event_of(session, principal, event_id)
        taken = service.withdraw(session, kernel.vault, principal, event, body.reason, request=request)
        return {"id": event.id, "due_no_more": taken}


def shown(session: Session, vault: Vault, key_id: str, event: RetentionEvent) -> dict[str, Any]:
    note, why = event.note_sealed, event.withdrawal_sealed
    return {
        "id": event.id,
        "name": event.name,
        "day": event.day.isoformat() if event.day else None,
        "item_id": event.item_id,
        "file_id": event.file_id,
        "source": "field" if event.field_value_id else "person",
        "by": event.by_id,
        "at": event.at.isoformat(),
        "note": mask_identifiers(vault.open_text(session, key_id, NOTE_CONTEXT, note)) if note else None,
        "withdrawn_at": event.withdrawn_at.isoformat() if event.withdrawn_at else None,
        "withdrawn_by": event.withdrawn_by,
        "withdrawal": mask_identifiers(vault.open_text(session, key_id, WITHDRAWAL_CONTEXT, why)) if why else None,
    }
