"""Custody's pages."""

from __future__ import annotations

from services.console.custody import backups, fixity
from services.console.route import page_router

router = page_router()
for each in (fixity, backups):
    router.include_router(each.router)
