"""奖惩: rewards and violations. Records are added to and never changed; no fine is reckoned."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Response

from services.console.route import page_router
from services.console.visit import VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=4000)]
CAUSES = {
    "violation": (
        "private-copy",
        "unapproved-copy",
        "disclosure",
        "late-return",
        "damage",
        "loss",
        "alteration",
        "other-breach",
    ),
    "reward": ("good-keeping", "fault-found", "breach-reported", "other-merit"),
}


@router.get("/access/conduct")
async def conduct(visit: VisitDep) -> Response:
    given = visit.request.query_params
    answer = await visit.api.get("/api/v1/conduct-records", {"cursor": given["cursor"]} if given.get("cursor") else None)
    people = (await visit.api.get("/api/v1/conduct-records/people"))["people"] if visit.may("conduct") else []
    following = f"/access/conduct?{urlencode({'cursor': answer['next']})}" if answer["next"] else None
    return visit.page(
        "access-conduct.html",
        section="access",
        records=answer["records"],
        people=people,
        causes=CAUSES,
        following=following,
    )


@router.post("/access/conduct")
async def enter(visit: VisitDep, person_id: Text = "", cause: Text = "", text: Text = "") -> Response:
    kind = "reward" if cause in CAUSES["reward"] else "violation"
    body = {"person_id": person_id, "kind": kind, "cause": cause, "text": text}
    await visit.api.send("POST", "/api/v1/conduct-records", json=body)
    return see_other("/access/conduct")
