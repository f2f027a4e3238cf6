"""档号: what was given out in each series, what is set aside or void, and whether a number is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Response

from services.console.filing.forms_in import Text
from services.console.present import OFFICE
from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
HERE = "/filing/numbers"


@router.get(HERE)
async def numbers(visit: VisitDep) -> Response:
    """All series, and the numbers of one."""
    given = visit.request.query_params
    series = (await visit.api.get("/api/v1/filings/numbers/gaps"))["series"]
    chosen = given.get("series", "")
    listed, following = [], None
    if chosen:
        asked = {name: given[name] for name in ("series", "state", "cursor") if given.get(name)}
        answer = await visit.api.get("/api/v1/filings/numbers", asked)
        listed = answer["numbers"]
        following = f"{HERE}?{urlencode(asked | {'cursor': answer['next']})}" if answer["next"] else None
    return visit.page(
        "filing-numbers.html",
        section="filing",
        series=series,
        chosen=chosen,
        numbers=listed,
        following=following,
        year=datetime.now(OFFICE).year,
    )


@router.post(f"{HERE}/reservations")
async def reserve(
    visit: VisitDep, type: Text = "", year: Annotated[int, Form()] = 0, count: Annotated[int, Form()] = 1, reason: Text = ""
) -> Response:
    body = {"type": type, "year": year, "count": count, "reason": reason}
    made = await visit.api.send("POST", "/api/v1/filings/numbers/reservations", json=body)
    return see_other(f"{HERE}?{urlencode({'series': made.json()['numbers'][0]['series']})}")


@router.post(f"{HERE}/voids")
async def void(visit: VisitDep, code: Text = "", reason: Text = "") -> Response:
    entry = (await visit.api.send("POST", "/api/v1/filings/numbers/voids", json={"code": code, "reason": reason})).json()
    return see_other(f"{HERE}?{urlencode({'series': entry['series']})}")
