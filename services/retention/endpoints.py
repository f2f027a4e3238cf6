"""The room over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from services.retention.batches import endpoints as batches
from services.retention.destruction import endpoints as destruction
from services.retention.due import endpoints as due
from services.retention.events import endpoints as events
from services.retention.holds import endpoints as holds
from services.retention.runs import endpoints as runs
from services.retention.simulation import endpoints as simulation

router = APIRouter()
for each in (due, events, holds, runs, simulation, batches, destruction):
    router.include_router(each.router)
