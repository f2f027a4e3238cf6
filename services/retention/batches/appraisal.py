"""鉴定: an opinion on each line, and what comes of it. What is to be kept longer, or handed over, leaves the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE, now
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.tables import Item
from services.retention.batches import duty, leaving, repository
from services.retention.batches.model import BatchState, LineState, Obstacle, Opinion
from services.retention.batches.steps import OPEN, require, step
from services.retention.batches.tables import DestructionBatch, DestructionLine, RetentionExtension

REASON_CONTEXT = "destruction_lines.opinion_reason"
LEAVES = {Opinion.EXTEND: Obstacle.EXTENDED, Opinion.TRANSFER: Obstacle.TRANSFERRED}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One opinion on many items, or on all lines that have none yet (``item_ids`` None). To extend or hand over needs a reason
    and a day until which the item is not due again."""

    opinion: Opinion
    item_ids: Sequence[str] | None
    reason: str | None = None
    until: date | None = None


def opine(
    session: Session,
    vault: Vault,
    actor: Principal,
    batch: DestructionBatch,
    verdicts: Sequence[Verdict],
    *,
    request: str | None,
) -> int:
    """Gives opinions; a later one on the same line takes the earlier's place, which stays on the ledger. Returns how many.
    Raises ``InvalidInput`` for a day that is past, ``Conflict`` for one that the class's ceiling does not allow."""
    require(batch, OPEN)
    duty.propose(session, actor, batch)
    if batch.state == BatchState.APPRAISED:
        step(batch, BatchState.DRAFT)
    given: list[tuple[Verdict, list[str]]] = []
    for verdict in verdicts:
        _require_sound(verdict)
        for lines in _lines(session, batch, verdict):
            _require_no_ceiling(session, verdict, lines)
            _give(session, vault, actor, batch, verdict, lines)
            given.append((verdict, [line.item_id for line in lines]))
    for verdict, ids in given:
        told: dict[str, Any] = {"batch": batch.id, "opinion": verdict.opinion.value, "items": ids}
        told |= {"until": verdict.until.isoformat()} if verdict.until else {}
        journal.append(session, "destruction.appraise", actor=actor.person_id, request=request, **told)
    return sum(len(ids) for _, ids in given)


def close(session: Session, actor: Principal, batch: DestructionBatch, *, request: str | None) -> None:
    """The appraisal is done: what is not to be destroyed leaves, the rest may be submitted. Raises ``Conflict`` while a line
    has no opinion, or where nothing would be left."""
    require(batch, {BatchState.DRAFT})
    duty.propose(session, actor, batch)
    opinions = repository.opinions(session, batch.id)
    if none := opinions.get(None, 0):
        raise Conflict(f"{none} line(s) have no opinion yet. Give one on each of them first.", code="no-opinion")
    if not opinions.get(Opinion.DESTROY):
        raise Conflict("Nothing in this batch is to be destroyed. Add what is due, or cancel the batch.")
    left: list[tuple[Obstacle, list[str]]] = []
    for opinion, obstacle in LEAVES.items():
        for lines in repository.each_piece(session, batch.id, state=LineState.LISTED, opinion=opinion):
            session.add_all(_extension(batch, line) for line in lines)
            left.append((obstacle, [line.item_id for line in lines]))
    step(batch, BatchState.APPRAISED)
    batch.appraised_at = now()
    session.flush()
    for obstacle, ids in left:
        leaving.take_out(session, batch, ids, obstacle)
    for obstacle, ids in left:
        leaving.enter(session, batch, ids, obstacle, actor=actor.person_id, request=request)
    journal.append(session, "destruction.appraised", actor=actor.person_id, request=request, batch=batch.id)


def _require_sound(verdict: Verdict) -> None:
    if verdict.opinion is Opinion.DESTROY:
        return
    if not verdict.reason or verdict.until is None:
        raise InvalidInput(
            "To keep longer or to hand over takes a reason, and “until”: the day before which it is not due again."
        )
    if verdict.until <= now().astimezone(OFFICE).date():
        raise InvalidInput("“until” is not in the future. Name a later day.")


def _require_no_ceiling(session: Session, verdict: Verdict, lines: Sequence[DestructionLine]) -> None:
    """What the law lets nobody keep longer (PIPL 47), no opinion keeps."""
    if verdict.opinion is Opinion.DESTROY:
        return
    retention = versions.current(session).policy.retention
    limited = {name for name, rule in retention.items() if rule.ceiling_days is not None}
    if over := [line.item_id for line in lines if line.retention in limited]:
        raise Conflict(f"The law lets nobody keep these longer: {', '.join(over[:10])}. Their opinion can only be to destroy.")


def _lines(session: Session, batch: DestructionBatch, verdict: Verdict) -> list[list[DestructionLine]]:
    if verdict.item_ids is None:
        pieces = repository.each_piece(session, batch.id, state=LineState.LISTED)
        return [found for lines in pieces if (found := [line for line in lines if line.opinion is None])]
    lines = repository.lines_of(session, batch.id, verdict.item_ids)
    if missing := [each for each in verdict.item_ids if each not in lines or lines[each].state != LineState.LISTED]:
        raise NotFound(f"Not on the list of this batch: {', '.join(missing[:10])}. List its lines to see what is.")
    return [list(lines.values())]


def _give(
    session: Session,
    vault: Vault,
    actor: Principal,
    batch: DestructionBatch,
    verdict: Verdict,
    lines: Sequence[DestructionLine],
) -> None:
    common = {"opinion": verdict.opinion, "opinion_by": actor.person_id, "opinion_at": now(), "extend_until": verdict.until}
    ids = [line.item_id for line in lines]
    if not verdict.reason:
        repository.change_lines(session, batch.id, ids, **common, opinion_reason_sealed=None)
        return
    for item in session.scalars(select(Item).where(Item.id.in_(ids))):
        sealed = vault.seal_text(session, item.key_id, REASON_CONTEXT, verdict.reason)
        repository.change_lines(session, batch.id, [item.id], **common, opinion_reason_sealed=sealed)


def _extension(batch: DestructionBatch, line: DestructionLine) -> RetentionExtension:
    """The reason is sealed for the line, and read there."""
    assert line.extend_until is not None and line.opinion_by is not None and line.opinion_reason_sealed is not None
    return RetentionExtension(
        item_id=line.item_id,
        until=line.extend_until,
        batch_id=batch.id,
        by_id=line.opinion_by,
        reason_sealed=line.opinion_reason_sealed,
    )
