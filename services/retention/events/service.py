"""Recording what starts clocks, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import reach
from services.kernel.blobs.keys import Vault
from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.identity.rights import Principal, Scope
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.policy.model import Policy
from services.kernel.tables import Item, Party
from services.retention import calendar
from services.retention.runs.sweep import Sweep
from services.retention.tables import RetentionEvent

NOTE_CONTEXT, WITHDRAWAL_CONTEXT = "retention_events.note", "retention_events.withdrawal"
OVER = (ItemState.DESTROYING, ItemState.DESTROYED, ItemState.TRANSFERRED)


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened, when, and on what evidence."""

    name: str
    day: date
    note: str | None = None


def record_on_items(
    session: Session, vault: Vault, actor: Principal, items: Sequence[Item], what: Happening, *, request: str | None
) -> list[RetentionEvent]:
    """Something has happened that starts the clocks of these items."""
    _check(session, what)
    if over := [item.id for item in items if item.state in OVER]:
        raise Conflict(f"No clock runs for what is {' or '.join(OVER)}: {', '.join(over[:10])}. Leave these out.")
    events = [_event(session, vault, actor, what, item.key_id, item_id=item.id) for item in items]
    told: dict[str, Any] = {"name": what.name, "day": what.day.isoformat(), "items": [item.id for item in items]}
    journal.append(session, "retention.record", actor=actor.person_id, request=request, **told)
    return events


def record_on_file(
    session: Session, vault: Vault, actor: Principal, file: CaseFile, what: Happening, *, request: str | None
) -> RetentionEvent:
    """Something has happened to all that lies in a customer's file, now or later: a deal was settled, a lease has ended."""
    _check(session, what)
    event = _event(session, vault, actor, what, file.key_id, file_id=file.id)
    told: dict[str, Any] = {"name": what.name, "day": what.day.isoformat(), "file": file.id}
    journal.append(session, "retention.record", actor=actor.person_id, request=request, **told)
    return event


def withdraw(
    session: Session, vault: Vault, actor: Principal, event: RetentionEvent, reason: str, *, request: str | None
) -> list[str]:
    """It did not happen after all, such as a sale that was cancelled (退房, hard case 11): the clocks that it started run no
    more, and what it made due is taken off the due list at once. Returns the ids of these items."""
    if event.withdrawn_at is not None:
        raise Conflict("This was withdrawn already.")
    event.withdrawn_at, event.withdrawn_by = now(), actor.person_id
    event.withdrawal_sealed = vault.seal_text(session, _key_of(session, event), WITHDRAWAL_CONTEXT, reason)
    session.flush()
    items = _reached_by(session, event)
    taken = Sweep(versions.current(session).policy, calendar.today()).take_off(session, items)
    told: dict[str, Any] = {"event": event.id, "name": event.name, "file": event.file_id, "items": taken or items[: reach.MOST]}
    journal.append(session, "retention.withdraw", actor=actor.person_id, item=event.item_id, request=request, **told)
    return taken


def event_of(session: Session, actor: Principal, event_id: str) -> RetentionEvent:
    """An event of an item or file that this person may know of, locked."""
    event = session.get(RetentionEvent, event_id, with_for_update=TO_CHANGE)
    if event is None:
        raise NotFound("There is no such event. List those of the item or file to find it.")
    if event.item_id is not None:
        reach.items_for(session, actor, [event.item_id], lock=False)
    elif event.file_id is not None:
        file_for(session, actor, event.file_id)
    return event


def file_for(session: Session, actor: Principal, file_id: str) -> CaseFile:
    file = session.get(CaseFile, file_id)
    if file is None or not (actor.scope is Scope.ALL or file.opened_by == actor.person_id):
        raise NotFound("There is no such customer's file among those that you may know of. List the files to find it.")
    return file


def items_of_subject(session: Session, actor: Principal, subject_id: str) -> list[Item]:
    """The items that name a person who was found to be one in them all."""
    ids = session.scalars(select(Party.item_id).where(Party.subject_id == subject_id).distinct()).all()
    if not ids:
        raise NotFound("Nobody is known under this id. Join the parties of their items first; see the customer's file.")
    return reach.items_for(session, actor, sorted(ids), lock=False)


def triggers_of(policy: Policy) -> list[str]:
    return sorted({name for rule in policy.retention.values() for name in rule.triggers})


def _check(session: Session, what: Happening) -> None:
    known = triggers_of(versions.current(session).policy)
    if what.name not in known:
        raise InvalidInput(f"Policy knows no trigger of this name. Choose one of: {', '.join(known)}.")
    if what.day > calendar.today():
        raise InvalidInput("What has not happened yet starts no clock. Record it on its day.")


def _event(
    session: Session,
    vault: Vault,
    actor: Principal,
    what: Happening,
    key_id: str,
    *,
    item_id: str | None = None,
    file_id: str | None = None,
) -> RetentionEvent:
    sealed = vault.seal_text(session, key_id, NOTE_CONTEXT, what.note) if what.note else None
    event = RetentionEvent(
        name=what.name, day=what.day, item_id=item_id, file_id=file_id, by_id=actor.person_id, note_sealed=sealed
    )
    session.add(event)
    session.flush()
    return event


def _key_of(session: Session, event: RetentionEvent) -> str:
    if event.item_id is not None:
        return session.get_one(Item, event.item_id).key_id
    return session.get_one(CaseFile, event.file_id).key_id


def _reached_by(session: Session, event: RetentionEvent) -> list[str]:
    if event.item_id is not None:
        return [event.item_id]
    return list(session.scalars(select(CaseFileItem.item_id).where(CaseFileItem.file_id == event.file_id)))
