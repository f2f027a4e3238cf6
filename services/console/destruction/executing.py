"""What those do who carry a batch out, and who see its copies destroyed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Response

from services.console.destruction.batches import API, Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.post("/destruction/{batch_id}/execution")
async def execute(visit: VisitDep, batch_id: UUID, do: Text = "", lines_per_minute: Text = "") -> Response:
    body: dict[str, Any] = {"lines_per_minute": lines_per_minute or None}
    at = f"{API}/{batch_id}/execution"
    if do in ("pause", "resume"):
        await visit.api.send("POST", f"{at}/{do}")
    else:
        await visit.api.send("PATCH" if do == "limit" else "POST", at, json=body)
    return see_other(f"/destruction/{batch_id}#execution")


@router.post("/destruction/{batch_id}/copies/{copy_id}/confirmation")
async def confirm(visit: VisitDep, batch_id: UUID, copy_id: UUID) -> Response:
    await visit.api.send("POST", f"{API}/{batch_id}/copies/{copy_id}/confirmation")
    return see_other(f"/destruction/{batch_id}#execution")
