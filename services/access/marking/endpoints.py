"""Whose page is this? The mark in a picture, over HTTP."""

from __future__ import annotations

import io
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from services.access.marking import service
from services.access.showing import MarkerDep
from services.kernel.errors import TooLarge
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/watermarks", tags=["access"])
LARGEST = 64 << 20


@router.post("/reading")
async def read(
    kernel: KernelDep,
    marker: MarkerDep,
    request: Request,
    request_id: RequestId,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """The body is a picture of one page (JPEG, PNG, TIFF): a scan of a print, or a photograph from straight above."""
    picture = io.BytesIO()
    async for chunk in request.stream():
        picture.write(chunk)
        if picture.tell() > LARGEST:
            raise TooLarge("A picture of one page has at most 64 MiB. Reduce it to 150 dpi.")
    actor = principal.person_id
    return await run_in_threadpool(service.whose, kernel, marker, picture, actor=actor, request=request_id)
