"""An item: the picture of a page with what was found on it, its fields and its pages. The browser loads picture and PDF
straight from the API, so that each is on the ledger under the person who sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Response

from services.console import hits
from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
MOST_PAGES_SEARCHED = 60
"""Above this many pages only the search's own snippets are boxed: to read the text of a thousand for each view is dear."""


@dataclass(frozen=True, slots=True)
class Found:
    """Boxes of the query's words by page number."""

    boxes: dict[int, list[hits.Box]] = field(default_factory=dict)

    def on(self, page: int) -> list[hits.Box]:
        return self.boxes.get(page, [])


@router.get("/items/{item_id}")
async def item(
    visit: VisitDep,
    item_id: UUID,
    q: Annotated[str, Query(max_length=1000)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """``q`` is the search that led here, ``page`` the page shown."""
    return await _page(visit, item_id, q, page)


@router.post("/items/{item_id}/fields/{field_id}/reveal")
async def reveal(
    visit: VisitDep,
    item_id: UUID,
    field_id: UUID,
    reason: Annotated[str, Form()] = "",
    page: Annotated[int, Form(ge=1, le=100_000)] = 1,
) -> Response:
    """Uncovers one value. It is in this answer alone, in no address and no history."""
    address = f"/api/v1/items/{item_id}/fields/{field_id}/reveal"
    revealed = (await visit.api.send("POST", address, json={"reason": reason.strip()})).json()
    return await _page(visit, item_id, "", page, revealed)


@router.post("/items/{item_id}/care")
async def care(visit: VisitDep, item_id: UUID, fragile: Annotated[str, Form()] = "no") -> Response:
    """Flags the original as fragile or vital (易损、易丢失), or no longer."""
    await visit.api.send("PUT", f"/api/v1/items/{item_id}/care", json={"fragile": fragile == "yes"})
    return see_other(f"/items/{item_id}#original")


@router.post("/items/{item_id}/incidents")
async def report(
    visit: VisitDep, item_id: UUID, kind: Annotated[str, Form()] = "damage", text: Annotated[str, Form()] = ""
) -> Response:
    """Reports what has happened to the original; it is settled at the desk."""
    await visit.api.send("POST", "/api/v1/incidents", json={"item_id": str(item_id), "kind": kind, "text": text})
    return see_other("/access/desk#incidents")


async def _page(visit: Visit, item_id: UUID, q: str, page: int, revealed: dict[str, Any] | None = None) -> Response:
    shown = await visit.api.get(f"/api/v1/items/{item_id}", {"page": page})
    pages = {each["number"]: each for each in shown["page_list"]}
    current = pages.get(page) or next(iter(pages.values()), None)
    found = await _found(visit, shown, q) if shown["content_open"] and q.strip() else Found()
    grant = await visit.api.get(f"/api/v1/grants/{shown['grant_id']}") if shown["grant_id"] else None
    page_of: dict[str, Any] = {"item": shown, "page": current, "q": q, "found": found, "fields": _fields(shown), "grant": grant}
    page_of["seals"] = [seal | {"key": f"seal-{number}"} for number, seal in enumerate((current or {}).get("seals", ()), 1)]
    return visit.page("item.html", section="search", revealed=revealed, **page_of)


async def _found(visit: Visit, shown: dict[str, Any], q: str) -> Found:
    """The words of ``q`` in this item. A query that cannot be meant finds nothing: the item is shown all the same."""
    if not shown["reference_code"]:
        return Found()
    try:
        asked = {"q": f'({q}) reference_code:"{shown["reference_code"]}"', "limit": 5}
        answer = await visit.api.get("/api/v1/search", asked)
        snippets: list[dict[str, Any]] = next((hit["snippets"] for hit in answer["hits"] if hit["item_id"] == shown["id"]), [])
        patterns = hits.found_words(snippets)
        if not patterns or shown["pages"] > MOST_PAGES_SEARCHED:
            return Found({each["number"]: hits.of_snippets(snippets, each["number"]) for each in shown["page_list"]})
        text = await visit.api.get(f"/api/v1/items/{shown['id']}/text")
    except Refusal:
        return Found()
    return Found({
        page["number"]: hits.boxes(page, patterns) or hits.of_snippets(snippets, page["number"]) for page in text["pages"]
    })  # fmt: skip


def _fields(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a value, with an id that the box on the page shares."""
    return [
        {"masked": False, "share": None, "repaired": False} | value | {"name": name, "key": f"{name}-{number}"}
        for name, values in shown["fields"].items()
        for number, value in enumerate(values, 1)
    ]
