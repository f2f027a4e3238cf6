"""All of custody's routes."""

from __future__ import annotations

from fastapi import APIRouter

from services.custody.backups import endpoints as backups
from services.custody.care import endpoints as care
from services.custody.fixity import endpoints as fixity
from services.custody.inspections import endpoints as inspections
from services.custody.packages import endpoints as packages
from services.custody.properties import endpoints as properties
from services.custody.storerooms import endpoints as storerooms

router = APIRouter()
for part in (fixity, backups, storerooms, inspections, care, properties, packages):
    router.include_router(part.router)
