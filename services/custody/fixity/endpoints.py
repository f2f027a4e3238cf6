"""Fixity over HTTP: how far the present round has come, what was not whole, and a look at one item at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

from services.custody.fixity import repository
from services.custody.fixity.tables import ObjectCheck, Result
from services.kernel import reach
from services.kernel.clock import now
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Blob

router = APIRouter(prefix="/api/v1/custody", tags=["custody"])


@router.get("/fixity")
def standing(kernel: KernelDep, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    """How many objects there are, and how many of them nobody has re-read within the days that policy says."""
    with kernel.database.read() as session:
        days = versions.current(session).policy.custody.fixity_days
        rows = session.execute(select(ObjectCheck.result, func.count()).group_by(ObjectCheck.result))
        counts = {row[0]: row[1] for row in rows}
        oldest, latest = session.execute(select(func.min(ObjectCheck.checked_at), func.max(ObjectCheck.checked_at))).one()
        return {
            "objects": session.scalar(select(func.count()).select_from(Blob)),
            "checked": sum(counts.values()),
            "results": {result: counts.get(result, 0) for result in Result},
            "every_days": days,
            "overdue": repository.overdue(session, now() - timedelta(days=days)),
            "oldest": oldest.isoformat() if oldest else None,
            "latest": latest.isoformat() if latest else None,
        }


@router.get("/fixity/objects")
def objects(
    kernel: KernelDep,
    result: Result = Result.DAMAGED,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Objects by how the last look at them ended, newest first, with the items that they belong to."""
    query = select(ObjectCheck, Blob.name).join(Blob, Blob.id == ObjectCheck.blob_id).where(ObjectCheck.result == result)
    if cursor:
        query = query.where(ObjectCheck.blob_id < paging.decode(cursor))
    with kernel.database.read() as session:
        rows = session.execute(query.order_by(ObjectCheck.blob_id.desc()).limit(limit + 1)).all()
        shown = [
            {
                "id": check.blob_id,
                "name": name,
                "checked_at": check.checked_at.isoformat(),
                "result": check.result,
                "faults": check.faults,
                "item_ids": [item_id for item_id, _ in repository.owners(session, check.blob_id)],
            }
            for check, name in rows[:limit]
        ]
    following = paging.encode(rows[limit - 1][0].blob_id) if len(rows) > limit else None
    return {"objects": shown, "next": following}


@router.post("/items/{item_id}/fixity", status_code=202)
def look(kernel: KernelDep, item_id: str, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, Any]:
    """Has all stored objects of one item re-read now."""
    with kernel.database.write() as session:
        item = reach.item_for(session, principal, item_id)
        jobs.enqueue(session, Stage.FIXITY, f"{item.id}:{request}", {"item": item.id})
        journal.append(session, "fixity.order", actor=principal.person_id, item=item.id, request=request)
        return {"item_id": item.id}
