"""Lots: opened, seen page by page, closed. Everything is checked by the program; a person sees the sample and the doubts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing.quality import findings, repository, sampling
from services.filing.quality.tables import CheckedItem, CheckedPage, QualityCheck
from services.kernel import notices, reach
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.dialects import take_turn
from services.kernel.errors import Conflict, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.kernel.items import move, subject
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.tables import Item

NOTE_CONTEXT = "checked_pages.note"
MOST_ITEMS = 500
KEEP_THEIR_STATE = (ItemState.CATALOGUED, ItemState.ARCHIVED)
"""A rescan of these is checked too, and changes nothing of what they are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of a page."""

    item_id: str
    number: int
    passed: bool
    reason: str | None = None
    note: str | None = None


def open_check(session: Session, actor: Principal, items: Sequence[Item], *, request: str | None) -> QualityCheck:
    """A lot of these items: each page is checked by the program, and the sample is drawn. Raises ``Forbidden`` for whoever
    scanned one of them, ``Conflict`` where one is not waiting for a check."""
    take_turn(session, "quality-check")
    reach.require(items, ItemState.SCANNED, *KEEP_THEIR_STATE)
    held = versions.current(session)
    check = QualityCheck(
        checker_id=actor.person_id,
        seed=secrets.token_hex(16),
        share=held.policy.filing.sample_share,
        policy=held.number,
    )
    session.add(check)
    session.flush()
    for item in items:
        _refuse_checked(session, item)
        duties.assume(session, actor, Duty.CHECK, subject(session, item))
        session.add(CheckedItem(check_id=check.id, item_id=item.id, revision=item.revision))
        colour = held.policy.type_of(item.type).content == "contract"
        session.add_all(_checked(check, item, colour=colour))
    session.flush()
    session.refresh(check)
    _draw(check)
    journal.append(
        session,
        "check.open",
        actor=actor.person_id,
        request=request,
        check=check.id,
        policy=check.policy,
        items=[item.id for item in items],
        pages=len(check.pages),
        drawn=sum(page.drawn is not None for page in check.pages),
        seed=check.seed,
        share=check.share,
    )
    return check


def see(session: Session, vault: Vault, actor: Principal, check: QualityCheck, verdicts: Sequence[Verdict]) -> None:
    """Enters what the checker says of pages; of any page of the lot, also of one that was not drawn."""
    _require_open(check)
    pages = {(page.item_id, page.number): page for page in check.pages}
    keys = {item.id: item.key_id for item in repository.items_of(session, check)}
    for verdict in verdicts:
        page = pages.get((verdict.item_id, verdict.number))
        if page is None:
            raise NotFound("There is no such page in this lot. Look at the lot to find its pages.")
        page.passed, page.reason = verdict.passed, verdict.reason
        page.seen_by, page.seen_at = actor.person_id, now()
        page.note_sealed = vault.seal_text(session, keys[page.item_id], NOTE_CONTEXT, verdict.note) if verdict.note else None


def close(session: Session, actor: Principal, check: QualityCheck, *, request: str | None) -> QualityCheck:
    """Decides on each item. Raises ``Conflict`` while a page waits to be seen. Where too much of the sample failed, the rest
    of the lot is drawn too, and the lot stays open."""
    _require_open(check)
    waiting = [page for page in check.pages if page.drawn is not None and page.passed is None]
    if waiting:
        raise Conflict(
            f"{len(waiting)} of the pages drawn are not seen yet. Say of each whether it passes, then close the lot."
        )
    items = repository.items_of(session, check)
    for item in items:
        if actor.person_id != check.checker_id:
            duties.assume(session, actor, Duty.CHECK, subject(session, item))
    if _widen(session, check):
        journal.append(session, "check.widen", actor=actor.person_id, request=request, check=check.id)
        return check
    check.closed_at = now()
    revisions = {item.id: item.revision for item in items}
    failed = {page.item_id for page in check.pages if page.passed is False}
    failed |= {each.item_id for each in check.items if each.revision != revisions[each.item_id]}  # scanned again meanwhile
    for checked in check.items:
        checked.passed = checked.item_id not in failed
    for item in items:
        _decide(session, item, passed=item.id not in failed)
    for item in items:
        result = "failed" if item.id in failed else "passed"
        journal.append(
            session, "item.check", actor=actor.person_id, item=item.id, request=request, outcome=result, check=check.id
        )
    return check


def passed(session: Session, item: Item) -> bool:
    """Whether the item's present revision has passed."""
    query = select(CheckedItem.passed).where(CheckedItem.item_id == item.id, CheckedItem.revision == item.revision)
    return True in set(session.scalars(query))


def _checked(check: QualityCheck, item: Item, *, colour: bool) -> list[CheckedPage]:
    rows = []
    for page in item.pages:
        found = findings.of_page(item, page, colour=colour)
        rows.append(
            CheckedPage(
                check_id=check.id,
                item_id=item.id,
                number=page.number,
                findings=[*found.faults, *found.doubts],
                drawn=None if found.faults or not found.doubts else "finding",
                passed=False if found.faults else None if found.doubts else True,
                reason=found.faults[0] if found.faults else None,
            )
        )
    return rows


def _draw(check: QualityCheck) -> None:
    """Draws among all pages but those that fail anyway, so that the doubtful ones are no cheap part of the sample."""
    candidates = {f"{page.item_id}/{page.number}": page for page in check.pages if page.passed is not False}
    for name in sampling.draw(candidates.keys(), check.share, check.seed):
        candidates[name].drawn, candidates[name].passed = "sample", None


def _widen(session: Session, check: QualityCheck) -> bool:
    sample = [page for page in check.pages if page.drawn == "sample"]
    rest = [page for page in check.pages if page.drawn is None and page.seen_by is None and page.passed]
    good = sum(bool(page.passed) for page in sample)
    least = versions.at(session, check.policy).filing.least_passed
    if not rest or not sample or Fraction(good, len(sample)) >= Fraction(str(least)):
        return False
    check.widened = True
    for page in rest:
        page.drawn, page.passed = "widened", None
    return True


def _decide(session: Session, item: Item, *, passed: bool) -> None:
    if item.state == ItemState.SCANNED:
        move(session, item, ItemState.QC_PASSED if passed else ItemState.QC_FAILED)
    if not passed:
        notices.notify(session, [item.owner_id], "filing.rescan", "item", item.id)


def _refuse_checked(session: Session, item: Item) -> None:
    if session.scalar(repository.in_open_lots().where(CheckedItem.item_id == item.id).limit(1)) is not None:
        raise Conflict(f"Item {item.id} is in a lot that is not closed. Go on with that one.")
    if item.state != ItemState.SCANNED and passed(session, item):
        raise Conflict(f"Item {item.id} has passed as it is; only a rescan of it would be checked again.")


def _require_open(check: QualityCheck) -> None:
    if check.closed_at is not None:
        raise Conflict("This lot is closed. A rescan is checked in a new one.")
