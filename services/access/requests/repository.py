"""What requests ask of the catalogue."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.access.requests.tables import AccessRequest, RequestState
from services.kernel.approvals.tables import Approval
from services.kernel.dialects import TO_CHANGE


def request(session: Session, request_id: str, *, to_change: bool) -> AccessRequest | None:
    return session.get(AccessRequest, request_id, with_for_update=TO_CHANGE if to_change else None)


def requests(
    session: Session, *, person_id: str | None, state: str | None, after: str | None, limit: int
) -> list[AccessRequest]:
    """Newest first."""
    query = select(AccessRequest).order_by(AccessRequest.id.desc()).limit(limit)
    if person_id is not None:
        signed = select(Approval.subject_id).where(Approval.kind == "access", Approval.person_id == person_id)
        query = query.where(or_(AccessRequest.person_id == person_id, AccessRequest.id.in_(signed)))
    if state is not None:
        query = query.where(AccessRequest.state == state)
    return list(session.scalars(query if after is None else query.where(AccessRequest.id < after)))


def open_requests(session: Session) -> list[AccessRequest]:
    """Oldest first."""
    query = select(AccessRequest).where(AccessRequest.state == RequestState.OPEN).order_by(AccessRequest.id)
    return list(session.scalars(query))


def signatures(session: Session, request: AccessRequest) -> list[Approval]:
    query = select(Approval).where(Approval.kind == "access", Approval.subject_id == request.id).order_by(Approval.id)
    return list(session.scalars(query))
