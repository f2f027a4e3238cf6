"""What waits for whom: signatures, receipts and counts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.approvals import decisions
from services.kernel.approvals.tables import Approval
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.retention.batches import announcing, duty, repository, witnessing
from services.retention.batches.model import FROZEN, BatchState
from services.retention.batches.submission import matter_of
from services.retention.batches.tables import DestructionBatch


def waiting(session: Session, principal: Principal) -> list[DestructionBatch]:
    """What this person could sign now, count or give a receipt for, oldest first."""
    return [each for each in repository.in_state(session, *FROZEN, BatchState.VERIFYING) if waits_for(session, principal, each)]


def waits_for(session: Session, principal: Principal, batch: DestructionBatch) -> list[str]:
    """What this person could do about it now: ``sign``, ``receive``, ``count``, ``sign_after``."""
    acts = []
    if batch.state == BatchState.SUBMITTED and _may_sign(session, principal, batch):
        acts.append("sign")
    if batch.state in announcing.ANNOUNCED and departments(session, principal, batch):
        acts.append("receive")
    mine = [each for each in repository.witnesses(session, batch.id) if each.person_id == principal.person_id]
    if mine and not mine[0].matched and batch.state in announcing.ANNOUNCED:
        acts.append("count")
    if mine and mine[0].counted_at and not mine[0].signed_at and batch.state in witnessing.SIGNABLE:
        acts.append("sign_after")
    return acts


def signatures(session: Session, batch: DestructionBatch) -> list[Approval]:
    """All that were ever given; those under another manifest, and expired ones, do not count any more."""
    query = select(Approval).where(Approval.kind == duty.KIND, Approval.subject_id == batch.id).order_by(Approval.id)
    return list(session.scalars(query))


def _may_sign(session: Session, principal: Principal, batch: DestructionBatch) -> bool:
    subject = duty.subject_of(batch)
    played = {each for other in (Duty.PROPOSE, Duty.EXECUTE, Duty.WITNESS) for each in duties.played(session, subject, other)}
    signed = {each.natural_id for each in signatures(session, batch) if each.digest == batch.manifest_sha256}
    return principal.natural_id not in played | signed and decisions.may_sign(session, principal, matter_of(session, batch))


def departments(session: Session, principal: Principal, batch: DestructionBatch) -> list[str]:
    """Those for which this person could give a receipt now."""
    policy = announcing.policy_of(session, batch)
    silent = [each.department for each in repository.notices(session, batch.id) if each.received_at is None]
    return [each for each in silent if announcing.speaks_for(session, principal, policy, each)]
