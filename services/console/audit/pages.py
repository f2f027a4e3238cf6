"""The auditors' pages."""

from __future__ import annotations

from services.console.audit import checkpoints, entries, inspections, reports
from services.console.route import page_router

router = page_router()
for each in (entries, reports, checkpoints, inspections):
    router.include_router(each.router)
