"""Runs over HTTP: what they did, and what waits for a word."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.retention.runs import service
from services.retention.tables import RetentionRun

router = APIRouter(prefix="/api/v1/retention/runs", tags=["retention"])


@router.get("")
def list_runs(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Runs, newest first."""
    with kernel.database.read() as session:
        page, following = paging.newest(session, select(RetentionRun), RetentionRun.id, cursor, limit)
        return {"runs": [_shown(run) for run in page], "next": following}


@router.post("", status_code=202)
def order(kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.APPRAISE)) -> dict[str, Any]:
    """Orders a run at once; the day's own comes by itself."""
    with kernel.database.write() as session:
        return _shown(service.order_now(session, principal, request=request))


@router.get("/{run_id}")
def one(kernel: KernelDep, run_id: str, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    with kernel.database.read() as session:
        return _shown(service.run_of(session, run_id))


@router.post("/{run_id}/confirmation")
def confirm(kernel: KernelDep, run_id: str, request: RequestId, principal: Principal = allow(Right.APPRAISE)) -> dict[str, Any]:
    """Says that the day is right and that what policy makes due is due: a run that was in doubt goes on."""
    with kernel.database.write() as session:
        return _shown(service.confirm(session, principal, run_id, request=request))


def _shown(run: RetentionRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "day": run.day.isoformat(),
        "policy": run.policy,
        "state": run.state,
        "doubts": run.doubts,
        "ordered_by": run.ordered_by,
        "ordered_at": run.ordered_at.isoformat(),
        "confirmed_by": run.confirmed_by,
        "confirmed_at": run.confirmed_at.isoformat() if run.confirmed_at else None,
        "done_at": run.done_at.isoformat() if run.done_at else None,
        "counts": run.counts,
    }
