"""Whose page is this? A scan or a photograph of a printed page tells its reader by its mark."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Response, UploadFile

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()


@router.get("/access/marks")
async def marks(visit: VisitDep) -> Response:
    if not visit.may("registers"):
        raise Refusal(403, {"type": "urn:muniment:problem:forbidden"})
    return visit.page("access-marks.html", section="access", found=None)


@router.post("/access/marks")
async def read(visit: VisitDep, picture: Annotated[UploadFile, File()]) -> Response:
    """That nothing is found is an answer too."""
    content = await picture.read()
    try:
        found = (await visit.api.send("POST", "/api/v1/watermarks/reading", content=content)).json()
    except Refusal as refusal:
        if refusal.status not in (404, 413, 422):
            raise
        errors = [("picture", visit.words(f"mark.{'none' if refusal.status == 404 else 'unreadable'}"))]
        return visit.page("access-marks.html", status=refusal.status, section="access", found=None, errors=errors)
    return visit.page("access-marks.html", section="access", found=found)
