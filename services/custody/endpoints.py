"""All of custody's routes."""

from __future__ import annotations

from fastapi import APIRouter

from services.custody.backups import endpoints as backups
from services.custody.fixity import endpoints as fixity
from services.custody.inspections import endpoints as inspections
from services.custody.storerooms import endpoints as storerooms

router = APIRouter()
for part in (fixity, backups, storerooms, inspections):
    router.include_router(part.router)
