"""Retention over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from services.retention.batches import endpoints as batches

router = APIRouter()
for each in (batches.router,):
    router.include_router(each)
