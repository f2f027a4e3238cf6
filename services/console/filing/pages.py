"""All pages of filing."""

from __future__ import annotations

from fastapi import APIRouter

from services.console.filing import (
    casefiles,
    catalogue,
    checks,
    correcting,
    filing_forms,
    handovers,
    numbers,
    reports,
    review,
    workbench,
)

router = APIRouter(include_in_schema=False)
for part in (workbench, checks, review, correcting, filing_forms, catalogue, numbers, casefiles, handovers, reports):
    router.include_router(part.router)
