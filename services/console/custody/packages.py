"""移交包: opened, fetched, and ended by the other side's receipt."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Response, UploadFile

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
HERE = "/custody/packages"
Text = Annotated[str, Form(max_length=1000)]
Ids = Annotated[list[str], Form(max_length=500)]
NONE: list[str] = []
UNPROCESSABLE = 422
MOST_BYTES = 1 << 20


@router.get(HERE)
async def packages(visit: VisitDep) -> Response:
    return await _list(visit)


@router.post(HERE)
async def open_package(visit: VisitDep, title: Text = "", receiver: Text = "", item_ids: Ids = NONE) -> Response:
    body = {"title": title, "receiver": receiver, "item_ids": item_ids}
    try:
        opened = await visit.api.send("POST", "/api/v1/custody/packages", json=body)
    except Refusal as refusal:
        if refusal.status != UNPROCESSABLE:
            raise
        return await _list(visit, refusal)
    return see_other(f"{HERE}/{opened.json()['id']}")


@router.get("/custody/packages/{package_id}")
async def package(visit: VisitDep, package_id: UUID) -> Response:
    return await _one(visit, package_id)


@router.post("/custody/packages/{package_id}/receipt")
async def receive(visit: VisitDep, package_id: UUID, receipt: UploadFile) -> Response:
    """The file that “muniment package check --receipt” wrote on the other side."""
    try:
        body: Any = json.loads(await receipt.read(MOST_BYTES))
        await visit.api.send("POST", f"/api/v1/custody/packages/{package_id}/receipt", json=body)
    except ValueError:
        return await _one(visit, package_id, wrong=True)
    except Refusal as refusal:
        if refusal.status != UNPROCESSABLE:
            raise
        return await _one(visit, package_id, wrong=True)
    return see_other(f"{HERE}/{package_id}")


@router.post("/custody/packages/{package_id}/examination")
async def examine(visit: VisitDep, package_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/custody/packages/{package_id}/examination")
    return see_other(f"{HERE}/{package_id}")


@router.post("/custody/packages/{package_id}/cancellation")
async def cancel(visit: VisitDep, package_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/custody/packages/{package_id}/cancellation")
    return see_other(f"{HERE}/{package_id}")


async def _list(visit: Visit, refusal: Refusal | None = None) -> Response:
    told = await visit.api.get("/api/v1/custody/packages")
    items: list[dict[str, Any]] = []
    if visit.may("keep"):
        items = (await visit.api.get("/api/v1/filings/catalogue"))["items"]
    errors = [(None, visit.words("custody.wrong-package"))] if refusal else []
    status = UNPROCESSABLE if refusal else 200
    return visit.page(
        "custody-packages.html", status=status, section="custody", packages=told["packages"], items=items, errors=errors
    )


async def _one(visit: Visit, package_id: UUID, *, wrong: bool = False) -> Response:
    shown = await visit.api.get(f"/api/v1/custody/packages/{package_id}")
    errors = [("receipt", visit.words("custody.wrong-receipt"))] if wrong else []
    return visit.page(
        "custody-package.html", status=UNPROCESSABLE if wrong else 200, section="custody", package=shown, errors=errors
    )
