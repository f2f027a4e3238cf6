"""The pages of retention."""

from __future__ import annotations

from services.console.retention import due, holds, item, schedule
from services.console.route import page_router

router = page_router()
for each in (due, schedule, holds, item):
    router.include_router(each.router)
