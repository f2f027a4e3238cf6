"""Who is who: parties are confirmed by a person, and two are found to be one only by a person and only when both are confirmed
(hard case 9). What the program has are suggestions."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing import parties
from services.kernel import holds, reach, readings
from services.kernel.casefiles import CaseFileItem, PartySubject
from services.kernel.core import Kernel
from services.kernel.dialects import TO_CHANGE, take_turn
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.grants.opening import ground
from services.kernel.identity.rights import Principal, may_know
from services.kernel.ledger import journal
from services.kernel.policy.lookup import LOOKUP_FIELDS
from services.kernel.tables import FieldValue, Item, Party

MOST_SUGGESTIONS = 20


def party_for(session: Session, actor: Principal, party_id: str) -> tuple[Party, Item]:
    """The party and its item, whose content must be open to this person: to vouch for a name one has to see it."""
    row = session.get(Party, party_id)
    if row is None:
        raise NotFound("There is no such party. Look at the customer's file to find it.")
    item = reach.item_for(session, actor, row.item_id)
    if ground(session, actor, item) is None:
        raise Forbidden("The content of this item is open to you by a grant only. Ask for one.", code="needs-grant")
    return row, item


def confirm(session: Session, actor: Principal, party_id: str, share: str | None, *, request: str | None) -> Party:
    """A person says that the item names this party, in this role, with this share, or with the one that was read."""
    row, item = party_for(session, actor, party_id)
    row.confirmed, row.share = True, share or row.share
    journal.append(session, "party.confirm", actor=actor.person_id, item=item.id, request=request, party=row.id)
    return row


def join(session: Session, actor: Principal, party_id: str, other_id: str, *, request: str | None) -> Party:
    """A person says that two parties are one. Raises ``Conflict`` unless both are confirmed, or where they are one already."""
    take_turn(session, "parties")
    (one, item), (other, _) = party_for(session, actor, party_id), party_for(session, actor, other_id)
    if one.id == other.id or (one.subject_id is not None and one.subject_id == other.subject_id):
        raise Conflict("These are one already.")
    if not (one.confirmed and other.confirmed):
        raise Conflict("A name that only the program has read joins nobody. Confirm both parties beside their pages first.")
    keep, drop = other.subject_id or one.subject_id or _new_subject(session, actor), one.subject_id
    everyone = [other, one]
    if drop is not None and drop != keep:
        holds.merge(session, drop, keep)
        everyone += session.scalars(select(Party).where(Party.subject_id == drop)).all()
    for each in everyone:
        each.subject_id = keep
        holds.inherit(session, "party", keep, session.get_one(Item, each.item_id, with_for_update=TO_CHANGE))
    journal.append(
        session, "party.join", actor=actor.person_id, item=item.id, request=request, party=one.id, other=other.id, subject=keep
    )
    return one


def part(session: Session, actor: Principal, party_id: str, *, request: str | None) -> Party:
    """Takes a party out again: it was somebody else."""
    take_turn(session, "parties")
    row, item = party_for(session, actor, party_id)
    if row.subject_id is None:
        raise Conflict("This party is joined to nobody.")
    journal_subject, row.subject_id = row.subject_id, None
    journal.append(
        session, "party.part", actor=actor.person_id, item=item.id, request=request, party=row.id, subject=journal_subject
    )
    return row


def suggestions(session: Session, kernel: Kernel, actor: Principal, party_id: str) -> list[tuple[Party, Item, str]]:
    """Parties that may be the same person, each with why: ``identifier`` (their items share an identity number, phone or
    account), or ``name`` (the same name within a customer's file). Only of items that this person may know of."""
    row, item = party_for(session, actor, party_id)
    name = parties.name_of(session, kernel.vault, item, row)
    found: dict[str, tuple[Party, Item, str]] = {}
    for why, others in (("identifier", _sharing_identifiers(session, kernel, item)), ("name", _in_one_file(session, item))):
        for other in others:
            if not may_know(actor, other):
                continue
            for each in parties.of_item(session, other):
                same = each.id != row.id and parties.name_of(session, kernel.vault, other, each) == name
                if same and (row.subject_id is None or each.subject_id != row.subject_id):
                    found.setdefault(each.id, (each, other, why))
    return list(found.values())[:MOST_SUGGESTIONS]


def _sharing_identifiers(session: Session, kernel: Kernel, item: Item) -> list[Item]:
    held = [each.reading for each in readings.field_values(session, kernel.vault, item) if each.row.name in LOOKUP_FIELDS]
    digests = {keys.digest(each.name, each.value) for keys in kernel.lookups.live(session) for each in held}
    sharing = select(FieldValue.item_id).where(FieldValue.lookup.in_(digests))
    return list(session.scalars(select(Item).where(Item.id.in_(sharing)).order_by(Item.id).limit(200)))


def _in_one_file(session: Session, item: Item) -> list[Item]:
    files = select(CaseFileItem.file_id).where(CaseFileItem.item_id == item.id)
    beside = select(CaseFileItem.item_id).where(CaseFileItem.file_id.in_(files))
    return list(session.scalars(select(Item).where(Item.id.in_(beside)).order_by(Item.id).limit(200)))


def _new_subject(session: Session, actor: Principal) -> str:
    subject = PartySubject(by_id=actor.person_id)
    session.add(subject)
    session.flush()
    return subject.id
