"""Filing forms (归档登记表): the queue of those that wait for a signature, and one of them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Response

from services.console.filing.forms_in import Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/filing/forms")
async def forms(visit: VisitDep) -> Response:
    answer = await visit.api.get("/api/v1/filings")
    return visit.page("filing-forms.html", section="filing", forms=answer["filings"])


@router.get("/filing/forms/{form_id}")
async def form(visit: VisitDep, form_id: UUID) -> Response:
    shown = await visit.api.get(f"/api/v1/filings/{form_id}")
    return visit.page("filing-form.html", section="filing", form=shown)


@router.post("/filing/forms/{form_id}/signature")
async def sign(visit: VisitDep, form_id: UUID, do: Annotated[Literal["sign", "return"], Form()], reason: Text = "") -> Response:
    body = {"approves": do == "sign", "reason": reason or None}
    await visit.api.send("POST", f"/api/v1/filings/{form_id}/signature", json=body)
    return see_other(f"/filing/forms/{form_id}")
