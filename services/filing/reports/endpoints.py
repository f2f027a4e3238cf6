"""Reports over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter

from services.filing.reports import service
from services.filing.reports.deadlines import office_day
from services.kernel.clock import now
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal

router = APIRouter(prefix="/api/v1/reports", tags=["filing"])


@router.get("/intake")
def intake(kernel: KernelDep, day: date | None = None, principal: Principal = allow(Right.SEARCH)) -> dict[str, Any]:
    """The daily intake report: counts, of today or of another day."""
    with kernel.database.read() as session:
        return service.intake(session, day or office_day(now()), owner_id=service.owner_of(principal))


@router.get("/week")
def week(kernel: KernelDep, day: date | None = None, principal: Principal = allow(Right.SEARCH)) -> dict[str, Any]:
    """The week of a day, until when it is to be filed, and how much of it is."""
    with kernel.database.read() as session:
        return service.week(session, day or office_day(now()), owner_id=service.owner_of(principal))


@router.get("/overdue")
def overdue(kernel: KernelDep, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """What should have been filed by now, the longest overdue first."""
    today = office_day(now())
    with kernel.database.read() as session:
        items = [
            {
                "id": each.item.id,
                "reference_code": each.item.reference_code,
                "type": each.item.type,
                "state": each.item.state,
                "owner_id": each.item.owner_id,
                "source": each.source,
                "due_on": each.due.isoformat(),
                "days": (today - each.due).days,
            }
            for each in service.overdue(session, today, owner_id=service.owner_of(principal))
        ]
        return {"items": items}


@router.post("/reminders")
def remind(kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, int]:
    """Sends what is due today of the notices, each once a day; the scheduler does it too."""
    with kernel.database.write() as session:
        sent = service.remind(session)
        journal.append(session, "filing.remind", actor=principal.person_id, request=request, notices=sent)
        return {"notices": sent}
