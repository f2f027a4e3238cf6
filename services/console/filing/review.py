"""What reading doubts, each value beside its place cut out of the page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response

from services.console.route import page_router
from services.console.visit import VisitDep

router = page_router()
_MARGIN = 0.6  # of the box's height, around what is cut out


@router.get("/filing/review")
async def review(visit: VisitDep, cursor: Annotated[str | None, Query(max_length=400)] = None) -> Response:
    asked = {"cursor": cursor} if cursor else {}
    queue = await visit.api.get("/api/v1/filings/review", asked)
    values = [each | {"cut": cut_out(each)} for each in queue["values"]]
    return visit.page("review.html", section="filing", queue=queue, values=values)


def cut_out(value: dict[str, Any]) -> dict[str, float] | None:
    """The part of the page that shows the value, in its pixels, with the page around it cut off; None where it has no place."""
    xs, ys = [x for x, _ in value["box"]], [y for _, y in value["box"]]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    if not value["page_width"] or width <= 0 or height <= 0:
        return None
    margin = _MARGIN * min(width, height)
    left, top = max(0.0, min(xs) - 2 * margin), max(0.0, min(ys) - margin)
    right = min(float(value["page_width"]), max(xs) + 2 * margin)
    bottom = min(float(value["page_height"]), max(ys) + margin)
    return {"left": left, "top": top, "width": right - left, "height": bottom - top}
