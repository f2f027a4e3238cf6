"""What came in on a day (每天上报), the week and its filing day, and what is overdue."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

from fastapi import Response

from services.console.present import OFFICE
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/filing/reports")
async def reports(visit: VisitDep) -> Response:
    """Of today, or of the day asked for. What is overdue is for those who file."""
    day = visit.request.query_params.get("day") or str(datetime.now(OFFICE).date())
    intake, week = await asyncio.gather(
        visit.api.get("/api/v1/reports/intake", {"day": day}), visit.api.get("/api/v1/reports/week", {"day": day})
    )
    overdue = (await visit.api.get("/api/v1/reports/overdue"))["items"] if visit.may("file") else None
    shown = date.fromisoformat(day)
    return visit.page(
        "filing-reports.html",
        section="filing",
        intake=intake,
        week=week,
        overdue=overdue,
        before=shown - timedelta(days=1),
        after=shown + timedelta(days=1),
        sent=visit.request.query_params.get("sent"),
    )


@router.post("/filing/reports/reminders")
async def remind(visit: VisitDep) -> Response:
    sent = (await visit.api.send("POST", "/api/v1/reports/reminders")).json()["notices"]
    return see_other(f"/filing/reports?sent={sent}")
