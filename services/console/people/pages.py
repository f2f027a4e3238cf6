"""The pages of people, as one router."""

from __future__ import annotations

from fastapi import APIRouter

from services.console.people import mine, roster

router = APIRouter(include_in_schema=False)
for room in (mine, roster):
    router.include_router(room.router)
