"""Reading the mark in a picture, for those who look into a leak."""

from __future__ import annotations

from typing import Any, BinaryIO

from services.access.marking import register
from services.access.marking.marker import Marker
from services.kernel.core import Kernel
from services.kernel.ledger import journal


def whose(kernel: Kernel, marker: Marker, picture: BinaryIO, *, actor: str | None, request: str | None) -> dict[str, Any]:
    """Grant, request, reader and copy that the mark in a picture of a page names, and how clearly it stands there. Raises
    ``NotFound`` where there is none of this archive's. That it was asked, and what came of it, is on the ledger."""
    found = marker.find(picture)
    with kernel.database.write() as session:
        told = register.whose(session, found["number"])
        journal.append(session, "watermark.read", actor=actor, request=request, grant=told["grant_id"])
    return told | {"clarity": round(found["clarity"], 1)}
