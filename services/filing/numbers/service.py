"""Numbers are drafted, become final, are reserved, or are void with a reason. None is ever given twice or taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing import numbering
from services.filing.numbers.tables import NumberState, ReferenceNumber
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.identity.rights import Principal
from services.kernel.items import changed
from services.kernel.ledger import journal
from services.kernel.policy.masks import mask_identifiers
from services.kernel.policy.model import Policy
from services.kernel.tables import Counter, Item


def require_type(policy: Policy, name: str) -> None:
    if name not in policy.taxonomy.types:
        raise InvalidInput(f"Policy knows no type of this name. Choose one of: {', '.join(policy.taxonomy.types)}.")


def make_final(session: Session, item: Item) -> None:
    """At sign-off. A number that is final stays with its item, whatever becomes of either."""
    entry = _entry(session, item.reference_code or "")
    entry.state = NumberState.FINAL
    item.reference_code_draft = False


def replace_draft(session: Session, item: Item, series: str, reason: str, *, by: str | None) -> None:
    """Gives an item whose series was wrong the next number of the right one; the old number is void."""
    if not item.reference_code_draft:
        return
    if item.reference_code is not None:
        old = _entry(session, item.reference_code)
        if old.series == series:
            return
        old.state, old.reason, old.by_id = NumberState.VOID, reason, by
    code = numbering.next_code(session, series)
    numbering.register(session, code, NumberState.DRAFT, item_id=item.id)
    item.reference_code = str(code)


def reserve(
    session: Session, actor: Principal, series: str, count: int, reason: str, *, request: str | None
) -> list[ReferenceNumber]:
    """Sets the next numbers of a series aside, for papers that will come."""
    entries = [
        numbering.register(
            session,
            numbering.next_code(session, series),
            NumberState.RESERVED,
            reason=mask_identifiers(reason),
            by_id=actor.person_id,
        )
        for _ in range(count)
    ]
    codes = [entry.code for entry in entries]
    journal.append(session, "number.reserve", actor=actor.person_id, request=request, codes=codes)
    return entries


def void(session: Session, actor: Principal, code: str, reason: str, *, request: str | None) -> ReferenceNumber:
    """Says why a reserved number will never be used. Raises ``Conflict`` for one that an item has."""
    entry = _entry(session, code)
    if entry.state != NumberState.RESERVED:
        raise Conflict(f"{code} is {entry.state}; only a reserved number can be made void. An item keeps the number it has.")
    entry.state, entry.reason, entry.by_id = NumberState.VOID, mask_identifiers(reason), actor.person_id
    journal.append(session, "number.void", actor=actor.person_id, request=request, code=code)
    return entry


def use(session: Session, actor: Principal, item: Item, code: str, *, request: str | None) -> None:
    """Gives a reserved number to an item that has but a draft, which becomes void."""
    entry = _entry(session, code)
    if entry.state != NumberState.RESERVED or not item.reference_code_draft:
        raise Conflict("Only a reserved number can be given, and only to an item whose own is still a draft.")
    if item.reference_code is not None:
        old = _entry(session, item.reference_code)
        old.state, old.reason, old.by_id = NumberState.VOID, f"The item was given the reserved {code}.", actor.person_id
    entry.state, entry.item_id = NumberState.DRAFT, item.id
    item.reference_code = code
    changed(session, item)
    journal.append(session, "number.use", actor=actor.person_id, item=item.id, request=request, code=code)


@dataclass(frozen=True, slots=True)
class SeriesAudit:
    """One series: the last number given, how many stand in each state, and the numbers that nothing explains."""

    series: str
    last: int
    states: dict[str, int]
    unexplained: tuple[int, ...]


def audit(session: Session) -> list[SeriesAudit]:
    """Every series of the register beside its counter (连续性)."""
    lasts = {row.series: row.last for row in session.scalars(select(Counter))}
    found: dict[str, list[ReferenceNumber]] = {}
    for entry in session.scalars(select(ReferenceNumber).order_by(ReferenceNumber.series, ReferenceNumber.number)):
        found.setdefault(entry.series, []).append(entry)
    return [_audit(series, max(lasts.get(series, 0), entries[-1].number), entries) for series, entries in found.items()]


def _audit(series: str, last: int, entries: Sequence[ReferenceNumber]) -> SeriesAudit:
    states: dict[str, int] = {}
    for entry in entries:
        states[entry.state] = states.get(entry.state, 0) + 1
    known = {entry.number for entry in entries}
    return SeriesAudit(series, last, states, tuple(number for number in range(1, last + 1) if number not in known))


def _entry(session: Session, code: str) -> ReferenceNumber:
    entry = session.get(ReferenceNumber, code, with_for_update=TO_CHANGE)
    if entry is None:
        raise NotFound("There is no such number in the register. List the register to find it.")
    return entry
