"""The quality-check station: the pages drawn, one after the other, each beside its picture."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Response

from services.console.filing.forms_in import Text
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
REASONS = ("illegible", "cut_off", "skewed", "missing_page", "wrong_order", "wrong_side", "not_in_colour", "other")


@router.get("/filing/checks/{check_id}")
async def check(visit: VisitDep, check_id: UUID, at: Annotated[int | None, Query(ge=0, le=100_000)] = None) -> Response:
    """``at``: which of the pages to be seen; the first that is not seen yet otherwise."""
    lot = await visit.api.get(f"/api/v1/filings/checks/{check_id}")
    drawn = [page for page in lot["page_list"] if page["drawn"] or page["passed"] is False]
    first = next((place for place, page in enumerate(drawn) if page["passed"] is None), None)
    place = at if at is not None and at < len(drawn) else first
    current = drawn[place] if place is not None else None
    item = await visit.api.get(f"/api/v1/items/{current['item_id']}") if current else None
    return visit.page(
        "check.html",
        section="filing",
        lot=lot,
        drawn=drawn,
        place=place,
        current=current,
        item=item,
        page=_page(item, current),
        reasons=REASONS,
    )


@router.post("/filing/checks/{check_id}/verdicts")
async def see(
    visit: VisitDep,
    check_id: UUID,
    item_id: Text,
    number: Annotated[int, Form(ge=1, le=100_000)],
    reason: Text = "",
    note: Text = "",
) -> Response:
    """A page passes, or fails for a reason."""
    verdict = {"item_id": item_id, "number": number, "passed": not reason, "reason": reason or None, "note": note or None}
    await visit.api.send("POST", f"/api/v1/filings/checks/{check_id}/verdicts", json={"verdicts": [verdict]})
    return see_other(f"/filing/checks/{check_id}")


@router.post("/filing/checks/{check_id}/close")
async def close(visit: VisitDep, check_id: UUID) -> Response:
    await visit.api.send("POST", f"/api/v1/filings/checks/{check_id}/close")
    return see_other(f"/filing/checks/{check_id}")


def _page(item: dict[str, Any] | None, current: dict[str, Any] | None) -> dict[str, Any] | None:
    if item is None or current is None:
        return None
    return next((each for each in item["page_list"] if each["number"] == current["number"]), None)
