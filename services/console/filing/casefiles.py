"""Customers' files: what lies in them, what is missing, and who is who."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from services.console.filing.forms_in import NONE, Ids, Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/filing/files")
async def files(visit: VisitDep) -> Response:
    answer = await visit.api.get("/api/v1/case-files")
    return visit.page("case-files.html", section="filing", files=answer["files"])


@router.post("/filing/files")
async def open_file(visit: VisitDep, title: Text, business_type: Text, customer_type: Text = "") -> Response:
    body = {"title": title, "business_type": business_type, "customer_type": customer_type or None}
    opened = await visit.api.send("POST", "/api/v1/case-files", json=body)
    return see_other(f"/filing/files/{opened.json()['id']}")


@router.get("/filing/files/{file_id}")
async def file(visit: VisitDep, file_id: UUID) -> Response:
    shown = await visit.api.get(f"/api/v1/case-files/{file_id}")
    there = {each["id"] for each in shown["item_list"]}
    waiting = [
        item
        for state in ("SCANNED", "QC_PASSED", "CATALOGUED")
        for item in (await visit.api.get("/api/v1/filings/worklist", {"state": state}))["items"]
        if item["id"] not in there
    ]
    return visit.page("case-file.html", section="filing", file=shown, waiting=waiting)


@router.post("/filing/files/{file_id}/items")
async def put(visit: VisitDep, file_id: UUID, item_ids: Ids = NONE) -> Response:
    if item_ids:
        await visit.api.send("POST", f"/api/v1/case-files/{file_id}/items", json={"item_ids": item_ids})
    return see_other(f"/filing/files/{file_id}")


@router.post("/filing/files/{file_id}/parties/{party_id}")
async def confirm(visit: VisitDep, file_id: UUID, party_id: UUID, share: Text = "") -> Response:
    """A person vouches for a party and its share."""
    await visit.api.send("POST", f"/api/v1/parties/{party_id}/confirmation", json={"share": share or None})
    return see_other(f"/filing/files/{file_id}#people")


@router.post("/filing/files/{file_id}/parties/{party_id}/join")
async def join(visit: VisitDep, file_id: UUID, party_id: UUID, other: Text = "") -> Response:
    """A person says that two parties are one."""
    await visit.api.send("POST", f"/api/v1/parties/{party_id}/subject", json={"party_id": other})
    return see_other(f"/filing/files/{file_id}#people")
