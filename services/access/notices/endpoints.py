"""One's notices over HTTP: keys and ids, from which the reader's own page makes words."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import NotFound
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.notices import Notice

router = APIRouter(prefix="/api/v1/notices", tags=["access"])


@router.get("")
def list_notices(
    kernel: KernelDep,
    unread: bool = False,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.SELF),
) -> dict[str, Any]:
    """One's own notices, newest first, and how many are unread."""
    mine = Notice.person_id == principal.person_id
    query = select(Notice).where(mine)
    if unread:
        query = query.where(Notice.received_at.is_(None))
    with kernel.database.read() as session:
        page, following = paging.newest(session, query, Notice.id, cursor, limit)
        count = session.scalar(select(func.count()).where(mine, Notice.received_at.is_(None)))
        return {"notices": [_shown(each) for each in page], "unread": count, "next": following}


@router.post("/{notice_id}/receipt")
def receive(kernel: KernelDep, notice_id: str, request: RequestId, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """Says that one has seen it; the first time counts."""
    with kernel.database.write() as session:
        notice = session.get(Notice, notice_id, with_for_update=TO_CHANGE)
        if notice is None or notice.person_id != principal.person_id:
            raise NotFound("There is no such notice of yours. List your notices to find it.")
        if notice.received_at is None:
            notice.received_at = now()
            told = {"notice": notice.id, "key": notice.key, "of": notice.subject_id}
            journal.append(session, "notice.receive", actor=principal.person_id, request=request, **told)
        return _shown(notice)


def _shown(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "key": notice.key,
        "kind": notice.kind,
        "subject_id": notice.subject_id,
        "details": notice.details,
        "created_at": notice.created_at.isoformat(),
        "received_at": notice.received_at.isoformat() if notice.received_at else None,
    }
