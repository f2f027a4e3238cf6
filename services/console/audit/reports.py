"""Standing reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from fastapi import Response

from services.console.present import OFFICE
from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()
NEEDS = {
    "customer": ("item", "party"),
    "person": ("person",),
    "out-of-hours": (),
    "mass-reading": (),
    "unused-grants": (),
    "delegated-approvals": (),
}
"""Reports, and one of what each cannot do without."""
DAYS = 30
FORMS = ("csv", "xlsx")


@router.get("/audit/reports")
async def reports(visit: VisitDep) -> Response:
    """One report; the last month where no time is asked for."""
    given = visit.request.query_params
    name = given.get("report", "out-of-hours")
    name = name if name in NEEDS else "out-of-hours"
    today = datetime.now(OFFICE).date()
    asked = {"from": given.get("from") or str(today - timedelta(days=DAYS)), "to": given.get("to") or str(today)}
    needs = NEEDS[name]
    asked |= {key: given[key].strip() for key in needs if given.get(key, "").strip()}
    answer = None
    if not needs or asked.keys() & set(needs):
        answer = await visit.api.get(f"/api/v1/audit/reports/{name}", asked)
    files = {form: f"/api/v1/audit/reports/{name}?{urlencode(asked | {'format': form})}" for form in FORMS}
    called = answer["people"] | answer["items"] if answer else {}
    return visit.page(
        "audit-reports.html",
        section="audit",
        report=name,
        reports=NEEDS,
        asked=asked,
        answer=answer,
        called=called,
        files=files,
    )
