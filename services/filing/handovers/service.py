"""Handing over and taking over: two people, one list, a decision on each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.filing import numbering
from services.filing.handovers.tables import Handover, HandoverLine
from services.kernel import notices
from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE, now
from services.kernel.dialects import TO_CHANGE, take_turn
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import ROLE_RIGHTS, Principal, Right
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.tables import Item

REASON_CONTEXT = "handover_lines.reason"
TAKERS = tuple(role for role, rights in ROLE_RIGHTS.items() if Right.FILE in rights)


@dataclass(frozen=True, slots=True)
class Decision:
    item_id: str
    accepted: bool
    reason: str | None = None


def takers(session: Session) -> list[Person]:
    """Who may take something over."""
    return [session.get_one(Person, each) for each in notices.holders(session, TAKERS)]


def open_list(session: Session, actor: Principal, taker_id: str, items: Sequence[Item], *, request: str | None) -> Handover:
    """A list of items for ``taker_id``. Raises ``InvalidInput`` for whom nothing can be handed over to, ``Conflict`` for an
    item that is on another open list."""
    if taker_id not in {each.id for each in takers(session)}:
        raise InvalidInput("This person cannot take anything over. Choose one of those under /api/v1/handovers/takers.")
    take_turn(session, "handovers")
    going = (
        select(HandoverLine.item_id)
        .join(Handover, Handover.id == HandoverLine.handover_id)
        .where(HandoverLine.item_id.in_([item.id for item in items]), Handover.closed_at.is_(None))
    )
    if elsewhere := session.scalars(going).all():
        raise Conflict(f"On another list that is not closed: {', '.join(elsewhere)}. Have that one decided first.")
    handover = Handover(
        number=numbering.numbered(session, f"YJ-{now().astimezone(OFFICE).year}"),
        giver_id=actor.person_id,
        taker_id=taker_id,
    )
    session.add(handover)
    session.flush()
    duties.assume(session, actor, Duty.HAND_OVER, _subject(handover))
    if duties.natural_ids(session, [taker_id])[taker_id] == actor.natural_id:
        raise Forbidden("Nobody hands over to themselves, in no account. Choose another person.", code="separation-of-duties")
    session.add_all(
        HandoverLine(handover_id=handover.id, item_id=item.id, position=position) for position, item in enumerate(items, 1)
    )
    notices.notify(session, [taker_id], "handover.waiting", "handover", handover.id)
    ids = [item.id for item in items]
    journal.append(
        session, "handover.open", actor=actor.person_id, request=request, handover=handover.id, taker=taker_id, items=ids
    )
    session.refresh(handover)
    return handover


def decide(
    session: Session,
    vault: Vault,
    actor: Principal,
    handover: Handover,
    decisions: Sequence[Decision],
    *,
    request: str | None,
) -> None:
    """The taker accepts or rejects items; with the last one the list is closed. What is decided stays."""
    if actor.person_id != handover.taker_id:
        raise Forbidden("Only whom it is handed over to decides on it. Ask them.")
    duties.assume(session, actor, Duty.TAKE_OVER, _subject(handover))
    lines = {line.item_id: line for line in handover.lines}
    for each in decisions:
        line = lines.get(each.item_id)
        if line is None:
            raise NotFound("This item is not on the list.")
        if line.accepted is not None:
            raise Conflict(f"Item {each.item_id} is decided already.")
        line.accepted, line.decided_at = each.accepted, now()
        if each.reason:
            item = session.get_one(Item, each.item_id)
            line.reason_sealed = vault.seal_text(session, item.key_id, REASON_CONTEXT, each.reason)
    if all(line.accepted is not None for line in handover.lines):
        handover.closed_at = now()
        notices.notify(session, [handover.giver_id], "handover.closed", "handover", handover.id)
    for each in decisions:
        journal.append(
            session,
            "handover.accept" if each.accepted else "handover.reject",
            actor=actor.person_id,
            item=each.item_id,
            request=request,
            handover=handover.id,
        )


def handover_for(session: Session, actor: Principal, handover_id: str, *, to_change: bool = False) -> Handover:
    """A list that this person has a part in, or any for whoever keeps the archive. Raises ``NotFound``."""
    found = session.get(Handover, handover_id, with_for_update=TO_CHANGE if to_change else None)
    if found is None or not (actor.may(Right.KEEP) or actor.person_id in (found.giver_id, found.taker_id)):
        raise NotFound("There is no such handover list among yours. List them to find it.")
    return found


def handovers(session: Session, actor: Principal, *, open_only: bool, after: str | None, limit: int) -> list[Handover]:
    """Newest first."""
    query = select(Handover).order_by(Handover.id.desc()).limit(limit)
    if not actor.may(Right.KEEP):
        query = query.where(or_(Handover.giver_id == actor.person_id, Handover.taker_id == actor.person_id))
    if open_only:
        query = query.where(Handover.closed_at.is_(None))
    return list(session.scalars(query if after is None else query.where(Handover.id < after)))


def _subject(handover: Handover) -> Subject:
    return Subject("handover", handover.id, handover.opened_at)
