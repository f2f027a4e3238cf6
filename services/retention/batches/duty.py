"""Who plays which part in a destruction: proposer, approver, executor and witness are different natural persons."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.kernel.errors import Forbidden
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.retention.batches.tables import DestructionBatch

KIND = "destruction"
APART = (Duty.PROPOSE, Duty.APPROVE, Duty.EXECUTE, Duty.WITNESS)


def subject_of(batch: DestructionBatch) -> Subject:
    return Subject(KIND, batch.id, batch.created_at)


def propose(session: Session, actor: Principal, batch: DestructionBatch) -> None:
    """Whoever puts a batch together, appraises or submits it is its proposer, be it several people."""
    if actor.natural_id not in duties.played(session, subject_of(batch), Duty.PROPOSE):
        duties.assume(session, actor, Duty.PROPOSE, subject_of(batch))


def witness(session: Session, actor: Principal, batch: DestructionBatch, named: Sequence[str]) -> None:
    """Counting makes a witness of one of those ``named``; who counts again is the same one. Raises ``Forbidden`` where another
    of the accounts is the same natural person's."""
    others = duties.natural_ids(session, [each for each in named if each != actor.person_id]).values()
    if actor.natural_id in others:
        raise Forbidden("Another account of yours is a witness here. Ask another person.", code="separation-of-duties")
    if actor.natural_id not in duties.played(session, subject_of(batch), Duty.WITNESS):
        duties.assume(session, actor, Duty.WITNESS, subject_of(batch))


def require_free(session: Session, person: Person, batch: DestructionBatch, duty: Duty) -> None:
    """Raises ``Forbidden`` for a person who played another part here already, so that nobody is named in vain."""
    for other in APART:
        if other is not duty and person.natural_id in duties.played(session, subject_of(batch), other):
            raise Forbidden(
                f"{person.name} played the part “{other}” here already, by whatever account. Ask another person.",
                code="separation-of-duties",
            )
