"""Backups over HTTP: which there are, whether they were tried, and one more on request."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from services.custody.backups import register, tasks
from services.custody.backups.tables import Backup
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1/custody/backups", tags=["custody"])


@router.get("")
def list_backups(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Backups, newest first. ``scheduled``: whether they are made without being asked for, each ``every_hours``; ``keep``: for
    how many days a backup, and one of the keys, is kept."""
    settings = kernel.settings
    with kernel.database.read() as session:
        rows, following = paging.page(
            register.listed(session, after=paging.decode(cursor) if cursor else None, limit=limit + 1), limit
        )
        shown = [_shown(row) for row in rows]
    return {
        "backups": shown,
        "next": following,
        "scheduled": settings.backups_url is not None,
        "every_hours": settings.backup_hours,
        "keep": {"days": settings.backup_days, "key_days": settings.backup_key_days},
    }


@router.post("", status_code=202)
def ask(kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, bool]:
    """Has a backup made now. ``asked`` is False where one waits or is being made already."""
    with kernel.database.write() as session:
        asked = tasks.request(session, actor=principal.person_id)
        if asked:
            journal.append(session, "backup.ask", actor=principal.person_id, request=request)
        return {"asked": asked}


def _shown(row: Backup) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "begun_at": row.begun_at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "ledger": row.ledger_size,
        "rows": row.rows,
        "objects": row.objects,
        "new_bytes": row.new_bytes,
        "problems": row.problems,
        "verified_at": row.verified_at.isoformat() if row.verified_at else None,
        "verify_problems": row.verify_problems,
        "kept": row.pruned_at is None and row.state in tasks.GOOD,
    }
