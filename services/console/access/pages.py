"""The pages of access, as one router."""

from __future__ import annotations

from fastapi import APIRouter

from services.console.access import conduct, deputies, desk, marks, mine, registers, waiting

router = APIRouter(include_in_schema=False)
for room in (mine, waiting, desk, deputies, registers, conduct, marks):
    router.include_router(room.router)
