"""监销: named witnesses count before and sign after (D九; Order 79)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.clock import now
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import versions
from services.retention import calendar
from services.retention.batches import duty, inventory, repository, telling
from services.retention.batches.announcing import policy_of
from services.retention.batches.model import ENDED, BatchState, Capacity
from services.retention.batches.steps import require, step
from services.retention.batches.submission import require_approved
from services.retention.batches.tables import DestructionBatch, DestructionWitness
from services.retention.runs import service as runs

NAMEABLE = frozenset(BatchState) - ENDED
SIGNABLE = frozenset({BatchState.VERIFYING})
"""What was carried out is signed for before it is closed."""


def candidates(session: Session, batch: DestructionBatch) -> list[Person]:
    """Who may be named: holds the role, and has no other part here."""
    people = [session.get_one(Person, each) for each in notices.holders(session, [Role.WITNESS])]
    subject = duty.subject_of(batch)
    busy = {natural for each in duty.APART if each is not Duty.WITNESS for natural in duties.played(session, subject, each)}
    busy |= set(duties.natural_ids(session, [each.person_id for each in repository.witnesses(session, batch.id)]).values())
    return [person for person in people if person.natural_id not in busy]


def name(
    session: Session, actor: Principal, batch: DestructionBatch, person_id: str, capacity: Capacity, *, request: str | None
) -> None:
    """Names a witness. Raises ``InvalidInput`` for who cannot be one, ``Forbidden`` for who has another part here already, in
    any account; ``Conflict`` for who is named."""
    require(batch, NAMEABLE)
    duty.propose(session, actor, batch)
    person = session.get(Person, person_id)
    if person is None or person_id not in notices.holders(session, [Role.WITNESS]):
        raise InvalidInput("This person cannot witness. Choose one of those under …/witness-candidates.")
    duty.require_free(session, person, batch, Duty.WITNESS)
    named = repository.witnesses(session, batch.id)
    if person_id in [each.person_id for each in named]:
        raise Conflict("This person is named already. Name somebody else.")
    if person.natural_id in duties.natural_ids(session, [each.person_id for each in named]).values():
        raise Forbidden(f"Another account of {person.name} is named. Ask another person.", code="separation-of-duties")
    session.add(DestructionWitness(batch_id=batch.id, person_id=person_id, capacity=capacity, named_by=actor.person_id))
    session.flush()
    telling.tell(session, [person_id], "destruction.named", batch)
    told: dict[str, Any] = {"batch": batch.id, "person": person_id, "capacity": capacity.value}
    journal.append(session, "destruction.name_witness", actor=actor.person_id, request=request, **told)


def dismiss(session: Session, actor: Principal, batch: DestructionBatch, person_id: str, *, request: str | None) -> None:
    """Somebody else is to witness. Raises ``Conflict`` for who has counted and is still there: that stands."""
    require(batch, NAMEABLE)
    duty.propose(session, actor, batch)
    witness = _named(session, batch, person_id)
    if witness.counted_at is not None and session.get_one(Person, person_id).active:
        raise Conflict("This witness has counted, and signs in the end. Only who has left is replaced then.")
    session.delete(witness)
    session.flush()
    told: dict[str, Any] = {"batch": batch.id, "person": person_id}
    journal.append(session, "destruction.dismiss_witness", actor=actor.person_id, request=request, **told)


def count(session: Session, actor: Principal, batch: DestructionBatch, items: int, pages: int, *, request: str | None) -> bool:
    """What a witness counted before. Once all whom policy wants have counted what the manifest says, the batch may be carried
    out. Returns whether it is what the manifest says; if not, that is on the ledger, and it can be counted again. Raises
    ``Conflict`` before the waiting period is over, or while a receipt is missing, an objection open or a line blocked."""
    require(batch, {BatchState.NOTIFIED, BatchState.WITNESS_PRECHECKED, BatchState.EXECUTING, BatchState.PARTIAL_FAILED})
    witness = _named(session, batch, actor.person_id)
    if batch.state == BatchState.NOTIFIED:
        require_ready(session, batch)
    duty.witness(session, actor, batch, [each.person_id for each in repository.witnesses(session, batch.id)])
    matches = (items, pages) == repository.in_manifest(session, batch.id)
    witness.counted_at, witness.counted_items, witness.counted_pages, witness.matched = now(), items, pages, matches
    session.flush()
    if batch.state == BatchState.NOTIFIED and not lacking(session, batch):
        step(batch, BatchState.WITNESS_PRECHECKED)
        batch.prechecked_at = now()
        telling.tell(session, [batch.created_by], "destruction.counted", batch)
    told: dict[str, Any] = {"batch": batch.id, "counted": items, "pages": pages, "manifest": batch.manifest_sha256}
    result = "ok" if matches else "mismatch"
    journal.append(session, "destruction.count", actor=actor.person_id, request=request, result=result, **told)
    return matches


def sign(session: Session, actor: Principal, batch: DestructionBatch, items: int, *, request: str | None) -> None:
    """What a witness saw destroyed. Raises ``Conflict`` where that is not what the batch destroyed."""
    require(batch, SIGNABLE)
    witness = _named(session, batch, actor.person_id)
    if witness.counted_at is None:
        raise Forbidden("Only who has counted before signs after. Ask the witnesses who were there.")
    if witness.signed_at is not None:
        raise Conflict("You have signed this already.")
    if items != (destroyed := repository.destroyed(session, batch.id)):
        raise Conflict(
            f"The batch destroyed {destroyed} item(s). Count again, and tell the archivist if you do not find as many."
        )
    witness.signed_at, witness.signed_items = now(), items
    told: dict[str, Any] = {"batch": batch.id, "items": items, "manifest": batch.manifest_sha256}
    journal.append(session, "destruction.sign", actor=actor.person_id, request=request, **told)


def require_ready(session: Session, batch: DestructionBatch) -> None:
    """Raises ``Conflict`` with what must happen first."""
    require_approved(session, batch)
    assert batch.waiting_until is not None, "it was announced"
    _require_clock(session)
    if now() < batch.waiting_until:
        raise Conflict(
            f"Departments may object until {batch.waiting_until.isoformat()}. Count after that.", code="waiting-period"
        )
    if silent := [each.department or "–" for each in repository.notices(session, batch.id) if each.received_at is None]:
        raise Conflict(f"No receipt yet from: {', '.join(silent)}. Ask for it.", code="receipt-missing")
    if repository.unanswered(session, batch.id):
        raise Conflict("An objection has no answer yet. Have it decided first.", code="objection-open")
    inventory.require_clear(session, batch)


def _require_clock(session: Session) -> None:
    """A clock that jumps ends no waiting period (hard case 8)."""
    last = runs.last_done(session)
    gap = versions.current(session).policy.due_run.gap_days
    if last is not None and calendar.doubt(calendar.today(), last.day, gap_days=gap):
        raise Conflict(
            "The clock is in doubt since the last run over the schedule. Have that confirmed first.", code="clock-in-doubt"
        )


def lacking(session: Session, batch: DestructionBatch) -> int:
    """How many witnesses are missing who are there and counted what the manifest says: as many as policy wants, one of them for
    the electronic records and, where there are several, one for the whole. Asked again while the batch is carried out: a
    witness who is disabled stops it."""
    wanted, holders = policy_of(session, batch).witnesses, set(notices.holders(session, [Role.WITNESS]))
    present = [each for each in repository.witnesses(session, batch.id) if each.matched and each.person_id in holders]
    capacities = {each.capacity for each in present}
    needed = {Capacity.ELECTRONIC, Capacity.SUPERVISOR} if wanted > 1 else {Capacity.ELECTRONIC}
    return max(wanted - len(present), len(needed - capacities))


def unsigned(session: Session, batch: DestructionBatch) -> list[str]:
    """The witnesses who counted and have not signed yet."""
    return [each.person_id for each in repository.witnesses(session, batch.id) if each.counted_at and each.signed_at is None]


def _named(session: Session, batch: DestructionBatch, person_id: str) -> DestructionWitness:
    found = session.get(DestructionWitness, (batch.id, person_id))
    if found is None:
        raise NotFound("This person is not named as a witness here. Name them first.")
    return found
