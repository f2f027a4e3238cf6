"""Entering and reading rewards and violations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.conduct.tables import ConductRecord
from services.kernel import notices
from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE, now
from services.kernel.errors import Forbidden, NotFound
from services.kernel.identity.people import is_service
from services.kernel.identity.rights import Principal, Right, may_know
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.tables import Item

TEXT_CONTEXT = "conduct_records.text"
EVERYONE_S = frozenset({Role.ARCHIVIST, Role.COMPANY_LEADER, Role.AUDITOR})
"""Who sees the records of all; a department head those of the department, everybody their own."""


@dataclass(frozen=True, slots=True)
class Entry:
    person_id: str
    kind: str
    cause: str
    text: str
    item_id: str | None = None
    amends: str | None = None


def enter(session: Session, vault: Vault, actor: Principal, entry: Entry, *, request: str | None) -> ConductRecord:
    """Adds a record. Nobody enters one about themselves."""
    person = session.get(Person, entry.person_id)
    if person is None or not _reaches(actor, person):
        raise NotFound("There is no such person among those whose conduct you may record.")
    if person.natural_id == actor.natural_id:
        raise Forbidden("Nobody records their own conduct. Ask another person.", code="separation-of-duties")
    if entry.item_id is not None:
        item = session.get(Item, entry.item_id)
        if item is None or not may_know(actor, item):
            raise NotFound("There is no such item among those that you may know of. Leave it out, or search for it.")
    if entry.amends is not None:
        earlier = session.get(ConductRecord, entry.amends)
        if earlier is None or earlier.person_id != person.id:
            raise NotFound("There is no such record of this person. List the records to find it.")
    key = vault.new_key(session)
    record = ConductRecord(
        person_id=person.id,
        kind=entry.kind,
        cause=entry.cause,
        key_id=key.id,
        text_sealed=vault.seal_text(session, key.id, TEXT_CONTEXT, entry.text),
        item_id=entry.item_id,
        amends=entry.amends,
        entered_by=actor.person_id,
    )
    session.add(record)
    session.flush()
    notices.notify(session, [person.id], f"conduct.{entry.kind}", "conduct", record.id)
    told = {"record": record.id, "person": person.id, "kind": entry.kind, "cause": entry.cause}
    journal.append(session, "conduct.enter", actor=actor.person_id, item=entry.item_id, request=request, **told)
    return record


def note_breach(session: Session, reader: Principal, cause: str) -> None:
    """Opens a violation record that the archive itself noticed, once a day, and tells the reader's head and the archivists."""
    midnight = datetime.combine(now().astimezone(OFFICE).date(), time(), OFFICE)
    noted = select(ConductRecord.id).where(
        ConductRecord.person_id == reader.person_id, ConductRecord.cause == cause, ConductRecord.at >= midnight
    )
    if session.scalar(noted.limit(1)) is not None:
        return
    record = ConductRecord(person_id=reader.person_id, kind="violation", cause=cause)
    session.add(record)
    session.flush()
    heads = notices.holders(session, [Role.DEPARTMENT_HEAD], departments=[reader.department]) if reader.department else []
    people = [*heads, *notices.holders(session, [Role.ARCHIVIST]), reader.person_id]
    notices.notify(session, people, "conduct.violation", "conduct", record.id)


def records(session: Session, principal: Principal, *, after: str | None, limit: int) -> list[ConductRecord]:
    """Newest first, of those whose records this person may see."""
    query = select(ConductRecord).order_by(ConductRecord.id.desc()).limit(limit)
    if not principal.roles & EVERYONE_S:
        seen = [principal.person_id]
        if principal.may(Right.CONDUCT) and principal.department:
            seen += session.scalars(select(Person.id).where(Person.department == principal.department))
        query = query.where(ConductRecord.person_id.in_(seen))
    return list(session.scalars(query if after is None else query.where(ConductRecord.id < after)))


def people(session: Session, actor: Principal) -> list[Person]:
    """Those whose conduct this person may record, by name: nobody's own, and no program's."""
    found = session.scalars(select(Person).where(Person.active, Person.natural_id != actor.natural_id).order_by(Person.name))
    return [each for each in found if _reaches(actor, each) and not is_service(each)]


def shown(session: Session, vault: Vault, record: ConductRecord) -> dict[str, Any]:
    text = (
        vault.open_text(session, record.key_id, TEXT_CONTEXT, record.text_sealed)
        if record.key_id and record.text_sealed
        else None
    )
    return {
        "id": record.id,
        "person": {"id": record.person_id, "name": session.get_one(Person, record.person_id).name},
        "kind": record.kind,
        "cause": record.cause,
        "text": text,
        "item_id": record.item_id,
        "amends": record.amends,
        "entered_by": record.entered_by,
        "at": record.at.isoformat(),
    }


def _reaches(actor: Principal, person: Person) -> bool:
    if actor.roles & EVERYONE_S:
        return True
    return actor.department is not None and person.department == actor.department
