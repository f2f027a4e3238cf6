"""Jobs that keep failing are parked here, where a person sees why and sends them off again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.queue import jobs
from services.kernel.queue.tables import Job, JobState

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("")
def list_jobs(
    kernel: KernelDep,
    state: JobState = JobState.PARKED,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.JOBS),
) -> dict[str, Any]:
    with kernel.database.read() as session:
        query = select(Job).where(Job.state == state).order_by(Job.id).limit(limit + 1)
        rows = session.scalars(query.where(Job.id > paging.decode(cursor)) if cursor else query).all()
        shown, following = paging.page(rows, limit)
        return {"jobs": [_job(row) for row in shown], "next": following}


@router.post("/{job_id}/retry")
def retry(kernel: KernelDep, job_id: str, request: RequestId, principal: Principal = allow(Right.JOBS)) -> dict[str, Any]:
    with kernel.database.write() as session:
        job = jobs.retry(session, job_id)
        journal.append(session, "job.retry", actor=principal.person_id, request=request, job=job.id)
        return _job(job)


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "stage": job.kind,
        "state": job.state,
        "attempts": job.attempts,
        "deaths": job.deaths,
        "reason": job.reason,
        "batch_id": job.batch_id,
        "created_at": job.created_at,
    }
