"""What auditors ask of the ledger."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from services.audit.tables import AuditMention
from services.kernel.http.paging import IDENTIFIER
from services.kernel.identity.tables import Person
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.tables import Item, Party


@dataclass(frozen=True, slots=True)
class Filters:
    """All that are given must hold. ``actor`` acted; ``person`` acted, or was acted for or upon; ``party``: a customer, by
    the id of a party or of the subject that several are; ``since`` and ``until`` as the ledger writes times, the second
    excluded."""

    actor: str | None = None
    person: str | None = None
    item: str | None = None
    party: str | None = None
    access: str | None = None
    grant: str | None = None
    acts: tuple[str, ...] = field(default=())
    since: str | None = None
    until: str | None = None


def entries(filters: Filters, session: Session) -> Select[Any]:
    """Rows of the ledger, in no order yet."""
    query = select(LedgerEntry)
    if filters.actor:
        query = query.where(LedgerEntry.actor == filters.actor)
    for kind in ("person", "item", "access", "grant"):
        if subject := getattr(filters, kind):
            query = query.where(LedgerEntry.position.in_(_naming(kind, [subject])))
    if filters.party:
        named = _naming("item", items_of_party(session, filters.party))
        parties = _naming("party", parties_of(session, filters.party))
        query = query.where(or_(LedgerEntry.position.in_(named), LedgerEntry.position.in_(parties)))
    if filters.acts:
        query = query.where(LedgerEntry.act.in_(filters.acts))
    if filters.since:
        query = query.where(LedgerEntry.at >= filters.since)
    if filters.until:
        query = query.where(LedgerEntry.at < filters.until)
    return query


def resolved(session: Session, filters: Filters) -> Filters:
    """With ids for what was given as a person's name or an item's 档号; what is neither stays and finds nothing."""

    def id_of(given: str | None, column: Any, called: Any) -> str | None:
        if not given or IDENTIFIER.fullmatch(given):
            return given
        found: str | None = session.scalar(select(column).where(called == given))
        return found or given

    actor, person = (id_of(each, Person.id, Person.name) for each in (filters.actor, filters.person))
    return replace(filters, actor=actor, person=person, item=id_of(filters.item, Item.id, Item.reference_code))


def items_of_party(session: Session, party: str) -> list[str]:
    """The items that name a customer. Those that were destroyed name nobody any more."""
    return list(session.scalars(select(Party.item_id).where(_same(session, party)).distinct()))


def items_of_parties_of(session: Session, item: str) -> list[str]:
    """An item, and all others that name a customer whom it names."""
    named = session.scalars(select(Party.id).where(Party.item_id == item)).all()
    return sorted({item, *(each for party in named for each in items_of_party(session, party))})


def parties_of(session: Session, party: str) -> list[str]:
    return [party, *session.scalars(select(Party.id).where(_same(session, party)))]


def names(session: Session, people: Collection[str]) -> dict[str, str]:
    """What people are called now, by id."""
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(people))).all())


def codes(session: Session, items: Collection[str]) -> dict[str, str]:
    """档号 by item, of those that have one."""
    query = select(Item.id, Item.reference_code).where(Item.id.in_(items), Item.reference_code.is_not(None))
    return {item: code for item, code in session.execute(query) if code is not None}


def _naming(kind: str, subjects: Collection[str]) -> Select[Any]:
    return select(AuditMention.position).where(AuditMention.kind == kind, AuditMention.subject.in_(subjects))


def _same(session: Session, party: str) -> Any:
    subject = session.scalar(select(Party.subject_id).where(Party.id == party)) or party
    return or_(Party.id == party, Party.subject_id == subject)
