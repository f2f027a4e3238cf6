"""Signing in and out, who one is, and people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.kernel.errors import InvalidInput, NotFound, Unauthenticated
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import COOKIE, KernelDep, RequestId, allow, refuse_other_sites
from services.kernel.http.idempotency import IdempotencyKey
from services.kernel.identity import accounts
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person
from services.kernel.model import Role


class SignIn(BaseModel):
    name: str = Field(max_length=80)
    password: str = Field(max_length=400)


class NewPerson(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    role: Role
    department: str | None = Field(None, max_length=80)
    password: str | None = Field(None, max_length=400)


class Me(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    roles: list[Role]
    rights: list[Right]
    department: str | None


router = APIRouter(prefix="/api/v1", tags=["identity"])


@router.post("/sessions", status_code=201)
def sign_in(kernel: KernelDep, body: SignIn, request: Request, response: Response, request_id: RequestId) -> Me:
    """Opens a session; the cookie is HttpOnly and SameSite=Strict."""
    refuse_other_sites(request)
    hours = kernel.settings.session_hours
    opened = accounts.sign_in(kernel.database, body.name, body.password, hours=hours, request=request_id)
    if opened is None:
        raise Unauthenticated("The name or the password is wrong. Check both, then try again.")
    _, secret = opened
    _set_cookie(response, secret, kernel)
    with kernel.database.read() as session:
        return _me(accounts.principal_of(session, secret, kind="session"))


@router.delete("/sessions/current", status_code=204)
def sign_out(kernel: KernelDep, request: Request, request_id: RequestId, principal: Principal = allow(Right.SELF)) -> Response:
    """Closes the session of the cookie at hand."""
    if secret := request.cookies.get(COOKIE):
        with kernel.database.write() as session:
            accounts.sign_out(session, secret, request=request_id)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


@router.get("/me")
def me(principal: Principal = allow(Right.SELF)) -> Me:
    return _me(principal)


@router.post("/people", status_code=201)
def add_person(
    kernel: KernelDep, body: NewPerson, key: IdempotencyKey = None, principal: Principal = allow(Right.PEOPLE)
) -> dict[str, Any]:
    """Adds a person with one role. A token is issued by ``POST /people/{id}/tokens``."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            person = accounts.add_person(
                session,
                body.name,
                body.role,
                department=body.department,
                password=body.password,
                by=principal.person_id,
            )
            return {"id": person.id}

        # The password is no part of what is remembered of the request.
        seen = body.model_dump(exclude={"password"})
        return idempotency.once(session, principal, "people", key, seen, create)


@router.post("/people/{person_id}/tokens", status_code=201)
def issue_token(kernel: KernelDep, person_id: str, principal: Principal = allow(Right.PEOPLE)) -> dict[str, str]:
    """A new bearer token, shown this once; so it is not repeated under an idempotency key."""
    if person_id == principal.person_id:
        raise InvalidInput("Tokens for oneself are issued by another administrator.")
    with kernel.database.write() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound("There is no such person. List the people to find the id.")
        return {"id": person.id, "token": accounts.issue_token(session, person, by=principal.person_id)}


@router.get("/people")
def people(
    kernel: KernelDep, limit: paging.Limit = 50, cursor: paging.Cursor = None, principal: Principal = allow(Right.PEOPLE)
) -> dict[str, Any]:
    with kernel.database.read() as session:
        query = select(Person).order_by(Person.id).limit(limit + 1)
        rows = session.scalars(query.where(Person.id > paging.decode(cursor)) if cursor else query).all()
        shown, following = paging.page(rows, limit)
        return {"people": [_person(row) for row in shown], "next": following}


def _me(principal: Principal) -> Me:
    return Me(
        id=principal.person_id,
        name=principal.name,
        roles=sorted(principal.roles),
        rights=sorted(principal.rights),
        department=principal.department,
    )


def _person(person: Person) -> dict[str, str | bool | datetime | list[str] | None]:
    roles = [held.role for held in person.roles if held.until is None]
    return {"id": person.id, "name": person.name, "department": person.department, "roles": roles, "active": person.active}


def _set_cookie(response: Response, secret: str, kernel: KernelDep) -> None:
    age = int(kernel.settings.session_hours * 3600)
    response.set_cookie(COOKIE, secret, max_age=age, httponly=True, samesite="strict", secure=kernel.settings.https)
