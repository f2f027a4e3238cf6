"""Retention over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from services.retention.batches import endpoints as batches
from services.retention.destruction import endpoints as destruction

router = APIRouter()
for each in (
    batches.router,
    destruction.router,
):
    router.include_router(each)
