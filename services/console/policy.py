"""制度: what holds, what is proposed, and what that would change. One proposes a whole policy, another puts it in force."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Form, Path, Response

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
MARKS = {"+": "added", "-": "gone", "@": "place"}


@router.get("/policy")
async def policy(visit: VisitDep) -> Response:
    return await _page(visit)


@router.post("/policy/versions")
async def propose(
    visit: VisitDep, body: Annotated[str, Form()] = "", reason: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    """What is no policy comes back as it was typed, with what is wrong in it."""
    try:
        made = await visit.api.send("POST", "/api/v1/policy/versions", json={"body": body, "reason": reason.strip()})
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        return await _page(visit, refusal, {"body": body, "reason": reason})
    return see_other(f"/policy/versions/{made.json()['number']}")


@router.get("/policy/versions/{number}")
async def version(visit: VisitDep, number: Number) -> Response:
    """What this version changes in the policy in force, or changed against it."""
    history = await visit.api.get("/api/v1/policy/versions")
    changes = (await visit.api.send("GET", f"/api/v1/policy/versions/{number}/changes")).text
    shown = next((each for each in history["versions"] if each["number"] == number), None)
    return visit.page(
        "policy-version.html", section="policy", number=number, version=shown, history=history, lines=_lines(changes)
    )


@router.post("/policy/versions/{number}/decision")
async def decide(visit: VisitDep, number: Number, do: Annotated[Literal["enforce", "reject"], Form()]) -> Response:
    await visit.api.send("POST", f"/api/v1/policy/versions/{number}/decision", json={"approves": do == "enforce"})
    return see_other("/policy")


async def _page(visit: Visit, refusal: Refusal | None = None, typed: dict[str, str] | None = None) -> Response:
    history = await visit.api.get("/api/v1/policy/versions")
    held = (await visit.api.send("GET", "/api/v1/policy")).text
    errors = []
    if refusal is not None:
        field = "reason" if "reason" in refusal.fields else "body"
        errors = [(field, visit.words(f"policy.wrong-{field}", why=refusal.detail if field == "body" else ""))]
    return visit.page(
        "policy.html",
        status=refusal.status if refusal else 200,
        section="policy",
        history=history,
        held=held,
        typed=typed or {"body": held, "reason": ""},
        errors=errors,
    )


def _lines(diff: str) -> list[dict[str, Any]]:
    """The lines of a unified diff below its heading, each with what became of it."""
    return [{"text": line, "kind": MARKS.get(line[:1], "same")} for line in diff.splitlines()[2:]]
