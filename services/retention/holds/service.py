"""Placing holds and releasing them. Whoever placed one does not release it alone: another natural person does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel import holds, notices, reach, series
from services.kernel.blobs.keys import Vault
from services.kernel.casefiles import CaseFile, PartySubject
from services.kernel.clock import OFFICE, now
from services.kernel.dialects import TO_CHANGE, take_turn
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.holds import Hold, HoldItem
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal, may_know
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.tables import Item, Party

LETTERS = "BL"
"""保留: what the numbers of holds begin with."""
REASON_CONTEXT, RELEASE_CONTEXT = "holds.reason", "holds.release"
HOLDERS = (Role.ARCHIVIST, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold lies on: one of ``item_ids``, ``file_id``, ``party_id`` (or a ``subject_id``), and ``query``."""

    item_ids: Sequence[str] = ()
    file_id: str | None = None
    party_id: str | None = None
    query: dict[str, str] = field(default_factory=dict)


def place(
    session: Session, vault: Vault, actor: Principal, scope: Scope, reason: str, remind_on: date | None, *, request: str | None
) -> tuple[Hold, int]:
    """Places a hold, in whatever state its items are, unless their destruction has begun. Returns it and how many items it
    reaches; what comes into its scope later inherits it."""
    kind, target, items = _target(session, actor, scope)
    key = vault.new_key(session)
    hold = Hold(
        number=series.of_this_year(session, LETTERS),
        scope=kind,
        target=target,
        key_id=key.id,
        reason_sealed=vault.seal_text(session, key.id, REASON_CONTEXT, reason),
        details=scope.query,
        placed_by=actor.person_id,
        remind_on=_morning(remind_on),
    )
    session.add(hold)
    session.flush()
    duties.assume(session, actor, Duty.PLACE_HOLD, subject_of(hold))
    scoped = holds.within(kind, target, scope.query) if items is None else select(Item.id).where(Item.id.in_(items))
    reached = holds.reach(session, hold, scoped)
    told: dict[str, Any] = {"hold": hold.id, "number": hold.number, "scope": kind, "count": reached}
    if items is not None:
        told["items"] = items
    elif kind != "query":
        told["target"] = target
    journal.append(session, "hold.place", actor=actor.person_id, request=request, **told)
    return hold, reached


def release(session: Session, vault: Vault, actor: Principal, hold: Hold, reason: str, *, request: str | None) -> int:
    """Releases a hold for a reason. Raises ``Forbidden`` for whoever placed it. Returns how many items it held."""
    if hold.released_at is not None:
        raise Conflict("This hold was released already.")
    duties.assume(session, actor, Duty.RELEASE_HOLD, subject_of(hold))
    hold.released_at, hold.released_by = now(), actor.person_id
    hold.release_sealed = vault.seal_text(session, hold.key_id, RELEASE_CONTEXT, reason)
    freed = holds.let_go(session, hold)
    if hold.placed_by != actor.person_id:
        notices.notify(session, [hold.placed_by], "hold.released", "hold", hold.id, number=hold.number)
    journal.append(session, "hold.release", actor=actor.person_id, request=request, hold=hold.id, count=freed)
    return freed


def ask_release(session: Session, actor: Principal, hold: Hold, *, request: str | None) -> int:
    """Asks the others who may to release a hold. Returns how many were asked."""
    if hold.released_at is not None:
        raise Conflict("This hold was released already.")
    others = [each for each in notices.holders(session, HOLDERS) if each not in (actor.person_id, hold.placed_by)]
    asked = notices.notify(session, others, "hold.release-asked", "hold", hold.id, number=hold.number)
    journal.append(session, "hold.ask-release", actor=actor.person_id, request=request, hold=hold.id)
    return asked


def remind_later(session: Session, actor: Principal, hold: Hold, remind_on: date | None, *, request: str | None) -> None:
    """Another day on which to be reminded, or none."""
    if hold.released_at is not None:
        raise Conflict("This hold was released already.")
    hold.remind_on, hold.reminded_at = _morning(remind_on), None
    told: dict[str, Any] = {"hold": hold.id, "day": remind_on.isoformat() if remind_on else None}
    journal.append(session, "hold.remind-later", actor=actor.person_id, request=request, **told)


def hold_of(session: Session, hold_id: str, *, to_change: bool = False) -> Hold:
    hold = session.get(Hold, hold_id, with_for_update=TO_CHANGE if to_change else None)
    if hold is None:
        raise NotFound("There is no such hold. List the holds to find it.")
    return hold


def list_holds(session: Session, *, item_id: str | None, live: bool, after: str | None, limit: int) -> list[Hold]:
    """Newest first; those that reach an item, or all."""
    query = select(Hold).order_by(Hold.id.desc()).limit(limit)
    if live:
        query = query.where(Hold.released_at.is_(None))
    if item_id is not None:
        query = query.join(HoldItem, HoldItem.hold_id == Hold.id).where(HoldItem.item_id == item_id)
    return list(session.scalars(query if after is None else query.where(Hold.id < after)))


def items_of(session: Session, hold: Hold, *, after: str | None, limit: int) -> list[Item]:
    query = select(Item).join(HoldItem, HoldItem.item_id == Item.id).where(HoldItem.hold_id == hold.id)
    query = query.order_by(Item.id).limit(limit)
    return list(session.scalars(query if after is None else query.where(Item.id > after)))


def counts(session: Session, found: Sequence[Hold]) -> dict[str, int]:
    """How many items each hold reaches."""
    query = select(HoldItem.hold_id, func.count()).where(HoldItem.hold_id.in_([hold.id for hold in found]))
    return {hold_id: count for hold_id, count in session.execute(query.group_by(HoldItem.hold_id))}  # noqa: C416


def subject_of(hold: Hold) -> Subject:
    return Subject("hold", hold.id, hold.placed_at)


def _target(session: Session, actor: Principal, scope: Scope) -> tuple[str, str, list[str] | None]:
    """The kind of scope, its target, and the items where they are named one by one."""
    if scope.item_ids:
        items = [item.id for item in reach.items_for(session, actor, scope.item_ids, lock=False)]
        return "item", items[0] if len(items) == 1 else _digest(items), items
    if scope.file_id is not None:
        if session.get(CaseFile, scope.file_id) is None:
            raise NotFound("There is no such customer's file. List the files to find it.")
        return "file", scope.file_id, None
    if scope.party_id is not None:
        return "party", _subject(session, actor, scope.party_id), None
    if not scope.query:
        raise InvalidInput("Say what to hold: items, a customer's file, a party, or a query with at least one criterion.")
    return "query", _digest(scope.query), None


def _subject(session: Session, actor: Principal, party_id: str) -> str:
    """The subject of a party; where nobody has joined the party to others yet, it becomes the first of one: so that whoever is
    joined to it later is held too."""
    take_turn(session, "parties")
    if session.get(PartySubject, party_id) is not None:
        return party_id
    party = session.get(Party, party_id)
    if party is None or not may_know(actor, session.get_one(Item, party.item_id)):
        raise NotFound("There is no such party. Look at the customer's file to find it.")
    if party.subject_id is None:
        subject = PartySubject(by_id=actor.person_id)
        session.add(subject)
        session.flush()
        party.subject_id = subject.id
        session.flush()
    return party.subject_id


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _morning(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), OFFICE)
