"""The pages of access, as one router."""

from __future__ import annotations

from fastapi import APIRouter

from services.console.access import deputies, desk, mine, waiting

router = APIRouter(include_in_schema=False)
for room in (mine, waiting, desk, deputies):
    router.include_router(room.router)
