"""An entry beside the picture: each field confirmed, corrected or struck out, with what was there before."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Query, Response

from services.console.filing.forms_in import Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()


@router.get("/filing/items/{item_id}")
async def entry(visit: VisitDep, item_id: UUID, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    shown = await visit.api.get(f"/api/v1/items/{item_id}")
    history = await visit.api.get(f"/api/v1/filings/items/{item_id}/history")
    pages = {each["number"]: each for each in shown["page_list"]}
    current = pages.get(page) or next(iter(pages.values()), None)
    return visit.page(
        "correct.html",
        section="filing",
        item=shown,
        page=current,
        entry=history["entry"],
        fields=_fields(history["values"]),
        corrections=history["corrections"],
        names=visit.words.under("field"),
    )


@router.post("/filing/items/{item_id}/fields")
async def field(
    visit: VisitDep,
    item_id: UUID,
    do: Annotated[Literal["confirm", "correct", "strike", "add"], Form()],
    name: Text,
    page: Annotated[int, Form(ge=1, le=100_000)] = 1,
    id: Text = "",
    value: Text = "",
    note: Text = "",
    back: Annotated[Literal["item", "review"], Form()] = "item",
) -> Response:
    """One field; the page that is shown is the evidence."""
    address = f"/api/v1/filings/items/{item_id}"
    evidence: dict[str, Any] = {"note": note or None, "page": page}
    if do == "confirm":
        await visit.api.send("POST", f"{address}/confirmations", json={"field_value_ids": [id], **evidence})
    else:
        told = {"what": "field", "field": name, "replaces": id or None, "value": None if do == "strike" else value}
        await visit.api.send("POST", f"{address}/corrections", json=told | evidence)
    return see_other("/filing/review" if back == "review" else f"/filing/items/{item_id}?page={page}")


@router.post("/filing/items/{item_id}/entry")
async def part(
    visit: VisitDep,
    item_id: UUID,
    what: Annotated[Literal["title", "type", "business_type", "customer_type"], Form()],
    value: Text,
    note: Text = "",
    page: Annotated[int, Form(ge=1, le=100_000)] = 1,
) -> Response:
    """The title or a facet."""
    told = {"what": what, "value": value, "note": note or None}
    await visit.api.send("POST", f"/api/v1/filings/items/{item_id}/corrections", json=told)
    return see_other(f"/filing/items/{item_id}?page={page}")


def _fields(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The values that stand now, each with the versions it replaced, latest first."""
    by_id = {value["id"]: value for value in values}
    shown = []
    for number, value in enumerate((each for each in values if each["present"]), 1):
        before, older = [], value["replaces"]
        while older in by_id:
            before.append(by_id[older])
            older = by_id[older]["replaces"]
        shown.append(value | {"key": f"{value['name']}-{number}", "before": before})
    return shown
