"""The ledger, narrowed by whatever an auditor knows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()
ENTRIES = 50
FILTERS = ("act", "actor", "person", "item", "party", "access", "grant", "from", "to")
FORMS = ("csv", "xlsx", "jsonl")


@router.get("/audit")
async def audit(visit: VisitDep) -> Response:
    """Entries of the ledger, latest first."""
    given = visit.request.query_params
    asked = {name: given[name].strip() for name in FILTERS if given.get(name, "").strip()}
    paged = {"cursor": given["cursor"]} if given.get("cursor") else {}
    answer = await visit.api.get("/api/v1/audit/entries", asked | paged | {"limit": ENTRIES, "order": "newest"})
    following = f"/audit?{urlencode(asked | {'cursor': answer['next']})}" if answer["next"] else None
    extracts = {form: f"/api/v1/audit/extract?{urlencode(asked | {'format': form})}" for form in FORMS}
    return visit.page(
        "audit.html",
        section="audit",
        entries=answer["entries"],
        called=answer["people"] | answer["items"],
        asked=asked,
        following=following,
        narrow=_narrow,
        extracts=extracts,
    )


def _narrow(asked: dict[str, Any], name: str, value: str) -> str:
    """The address of the same view narrowed to one more value."""
    return f"/audit?{urlencode(asked | {name: value})}"
