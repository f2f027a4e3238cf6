"""Custody's pages."""

from __future__ import annotations

from services.console.custody import backups, checks, fixity, inspections, packages, rooms
from services.console.route import page_router

router = page_router()
for each in (fixity, backups, rooms, inspections, checks, packages):
    router.include_router(each.router)
