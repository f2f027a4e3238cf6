"""Who is told of what happens to a batch."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.approvals import asking
from services.kernel.approvals.decisions import Matter
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.retention.batches import repository
from services.retention.batches.duty import KIND, subject_of
from services.retention.batches.tables import DestructionBatch


def tell(session: Session, people: Iterable[str], key: str, batch: DestructionBatch) -> None:
    notices.notify(session, people, key, KIND, batch.id, number=batch.number)


def tell_those_who_know(session: Session, batch: DestructionBatch, key: str, *, without: str | None = None) -> None:
    """The proposer, the witnesses, and whoever gave a receipt."""
    people = [batch.created_by, *([batch.submitted_by] if batch.submitted_by else [])]
    people += [each.person_id for each in repository.witnesses(session, batch.id)]
    people += [each.received_by for each in repository.notices(session, batch.id) if each.received_by]
    tell(session, [each for each in people if each != without], key, batch)


def ask_to_sign(session: Session, batch: DestructionBatch, matter: Matter) -> bool:
    """Tells those who are asked now; False where nobody but its proposers could sign."""
    people = asking.asked_now(session, matter, without=duties.played(session, subject_of(batch), Duty.PROPOSE))
    tell(session, people, "destruction.asked", batch)
    return bool(people)
