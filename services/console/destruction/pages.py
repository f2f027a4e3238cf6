"""The pages of destructions, as one router."""

from __future__ import annotations

from services.console.destruction import batches, deciding, executing, proposing
from services.console.route import page_router

router = page_router()
for each in (batches, proposing, deciding, executing):
    router.include_router(each.router)
