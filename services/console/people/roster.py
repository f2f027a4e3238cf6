"""人员: who is there, and for each their roles over time, department, sessions and tokens."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Response

from services.console.present import OFFICE
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Text = Annotated[str, Form(max_length=400)]


@router.get("/people")
async def people(visit: VisitDep) -> Response:
    given = visit.request.query_params
    asked = {name: given[name] for name in ("name", "cursor") if given.get(name)}
    answer = await visit.api.get("/api/v1/people", asked)
    following = f"/people?{urlencode(asked | {'cursor': answer['next']})}" if answer["next"] else None
    departments = (await visit.api.get("/api/v1/departments", {"limit": 200}))["departments"]
    return visit.page(
        "people.html",
        section="people",
        people=answer["people"],
        departments=departments,
        asked=asked.get("name", ""),
        following=following,
        roles=_roles(visit),
    )


@router.post("/people")
async def add(
    visit: VisitDep, name: Text = "", role: Text = "", department: Text = "", password: Text = "", natural_id: Text = ""
) -> Response:
    """``natural_id`` comes from a person's own page: another account of theirs, or a service account that they answer for."""
    body = {"name": name, "role": role, "department": department, "password": password, "natural_id": natural_id}
    made = await visit.api.send("POST", "/api/v1/people", json={key: value or None for key, value in body.items()})
    return see_other(f"/people/{made.json()['id']}")


@router.post("/departments")
async def add_department(visit: VisitDep, name: Text = "", parent: Text = "") -> Response:
    await visit.api.send("POST", "/api/v1/departments", json={"name": name, "parent": parent or None})
    return see_other("/people")


@router.get("/people/{person_id}")
async def person(visit: VisitDep, person_id: UUID) -> Response:
    return await _page(visit, person_id)


@router.post("/people/{person_id}/roles")
async def give(visit: VisitDep, person_id: UUID, role: Text = "", until: Text = "") -> Response:
    """``until`` is a day; it ends with it."""
    end = datetime.combine(datetime.fromisoformat(until).date(), time(23, 59, 59), OFFICE).isoformat() if until else None
    await visit.api.send("POST", f"/api/v1/people/{person_id}/roles", json={"role": role, "until": end})
    return see_other(f"/people/{person_id}")


@router.post("/people/{person_id}/roles/{role}/end")
async def end_role(visit: VisitDep, person_id: UUID, role: str) -> Response:
    await visit.api.send("DELETE", f"/api/v1/people/{person_id}/roles/{role}")
    return see_other(f"/people/{person_id}")


@router.post("/people/{person_id}/department")
async def move(visit: VisitDep, person_id: UUID, department: Text = "") -> Response:
    await visit.api.send("PATCH", f"/api/v1/people/{person_id}", json={"department": department or None})
    return see_other(f"/people/{person_id}")


@router.post("/people/{person_id}/tokens")
async def token(visit: VisitDep, person_id: UUID, name: Text = "", days: Text = "") -> Response:
    """The token is on the page that answers, and nowhere else."""
    body = {"name": name.strip() or None, "days": days or None}
    issued = await visit.api.send("POST", f"/api/v1/people/{person_id}/tokens", json=body)
    return await _page(visit, person_id, token=issued.json()["token"])


@router.post("/people/{person_id}/password")
async def password(visit: VisitDep, person_id: UUID, password: Text = "") -> Response:
    await visit.api.send("PUT", f"/api/v1/people/{person_id}/password", json={"password": password})
    return see_other(f"/people/{person_id}?done=password")


@router.post("/people/{person_id}/logins")
async def tie(visit: VisitDep, person_id: UUID, subject: Text = "") -> Response:
    await visit.api.send("POST", f"/api/v1/people/{person_id}/logins", json={"subject": subject.strip()})
    return see_other(f"/people/{person_id}")


@router.post("/people/{person_id}/logins/{login_id}/end")
async def untie(visit: VisitDep, person_id: UUID, login_id: UUID) -> Response:
    await visit.api.send("DELETE", f"/api/v1/people/{person_id}/logins/{login_id}")
    return see_other(f"/people/{person_id}")


@router.post("/people/{person_id}/accounts")
async def join(visit: VisitDep, person_id: UUID, name: Text = "") -> Response:
    """The other account is named as it is written in the list. What the two did that must be several people's is on the page
    that answers."""
    named = (await visit.api.get("/api/v1/people", {"name": name.strip(), "limit": 200}))["people"]
    other = next((each["id"] for each in named if each["name"] == name.strip()), str(person_id))
    joined = await visit.api.send("POST", f"/api/v1/people/{person_id}/accounts", json={"account_id": other})
    return await _page(visit, person_id, breaches=joined.json()["breaches"])


ACTS = {"deactivation": "POST", "activation": "POST", "second-factor": "DELETE", "credentials": "DELETE"}


@router.post("/people/{person_id}/do/{act}")
async def do(visit: VisitDep, person_id: UUID, act: str) -> Response:
    """What needs no more than a button."""
    if act in ACTS:
        await visit.api.send(ACTS[act], f"/api/v1/people/{person_id}/{act}")
    return see_other(f"/people/{person_id}")


@router.post("/people/{person_id}/credentials/{credential_id}/end")
async def end(visit: VisitDep, person_id: UUID, credential_id: UUID) -> Response:
    await visit.api.send("DELETE", f"/api/v1/people/{person_id}/credentials/{credential_id}")
    return see_other(f"/people/{person_id}")


async def _page(visit: Visit, person_id: UUID, token: str = "", breaches: list[dict[str, Any]] | None = None) -> Response:
    shown = await visit.api.get(f"/api/v1/people/{person_id}")
    credentials = (await visit.api.get(f"/api/v1/people/{person_id}/credentials", {"limit": 200}))["credentials"]
    departments = (await visit.api.get("/api/v1/departments", {"limit": 200}))["departments"]
    outside = await visit.api.get("/api/v1/oidc")
    logins = (await visit.api.get(f"/api/v1/people/{person_id}/logins"))["logins"]
    page: dict[str, Any] = {
        "person": shown,
        "credentials": credentials,
        "departments": departments,
        "token": token,
        "outside": outside,
        "logins": logins,
        "breaches": breaches,
    }
    done = visit.request.query_params.get("done", "")
    return visit.page("person.html", section="people", roles=_roles(visit), done=done, **page)


def _roles(visit: Visit) -> dict[str, str]:
    return visit.words.under("role")
