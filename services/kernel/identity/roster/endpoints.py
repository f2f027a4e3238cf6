"""People and departments over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from services.kernel.clock import now
from services.kernel.dialects import insert_once
from services.kernel.errors import Conflict, InvalidInput
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity import people, second_factor
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.roster import credentials
from services.kernel.identity.shapes import shown_person, shown_roles
from services.kernel.identity.tables import Department, Person
from services.kernel.ledger import journal
from services.kernel.model import Role

router = APIRouter()


class NewPerson(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    role: Role
    department: str | None = Field(None, max_length=80)
    password: str | None = Field(None, max_length=400)
    natural_id: str | None = Field(
        None, max_length=36, description="An account of the same natural person, or of whoever answers for a service account."
    )


class Change(BaseModel):
    department: str | None = Field(max_length=80, description="Null: in none.")


class NewRole(BaseModel):
    role: Role
    until: AwareDatetime | None = None


class Joined(BaseModel):
    account_id: str = Field(max_length=36, description="Another account of the same natural person.")


class NewDepartment(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    parent: str | None = Field(None, max_length=80)


@router.post("/people", status_code=201)
def add_person(
    kernel: KernelDep, body: NewPerson, key: IdempotencyKey = None, principal: Principal = allow(Right.PEOPLE)
) -> dict[str, Any]:
    """Adds a person with one role. A token is issued by ``POST /people/{id}/tokens``."""
    if body.natural_id is not None and body.role not in people.SERVICES and body.natural_id == principal.natural_id:
        raise InvalidInput("A second account of one's own is added by another administrator.")
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            person = people.add_person(
                session,
                body.name,
                body.role,
                department=body.department,
                password=body.password,
                natural_id=body.natural_id,
                by=principal.person_id,
            )
            return {"id": person.id}

        # The password is no part of what is remembered of the request.
        seen = body.model_dump(exclude={"password"})
        return idempotency.once(session, principal, "people", key, seen, create)


@router.get("/people")
def list_people(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    name: Annotated[str | None, Query(max_length=80, description="Part of the name.")] = None,
    active: bool | None = None,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, Any]:
    with kernel.database.read() as session:
        query = select(Person).order_by(Person.id).limit(limit + 1)
        query = query.where(Person.id > paging.decode(cursor)) if cursor else query
        query = query.where(Person.name.contains(name, autoescape=True)) if name else query
        query = query.where(Person.active == active) if active is not None else query
        shown, following = paging.page(session.scalars(query).all(), limit)
        return {"people": [shown_person(row) for row in shown], "next": following}


@router.get("/people/{person_id}")
def person(kernel: KernelDep, person_id: str, principal: Principal = allow(Right.PEOPLE)) -> dict[str, Any]:
    """One account, with all roles that it ever held and the other accounts of the same natural person."""
    with kernel.database.read() as session:
        found = people.found(session, person_id)
        others = session.scalars(select(Person).where(Person.natural_id == found.natural_id, Person.id != found.id))
        return shown_person(found) | {
            "held": shown_roles(found),
            "second_factor": second_factor.in_force(session, found.id),
            "accounts": [{"id": each.id, "name": each.name} for each in others],
        }


@router.patch("/people/{person_id}")
def change(
    kernel: KernelDep, person_id: str, body: Change, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> dict[str, Any]:
    """Moves a person to another department."""
    with kernel.database.write() as session:
        people.move(session, person_id, body.department, by=principal, request=request)
        return shown_person(people.found(session, person_id))


@router.post("/people/{person_id}/accounts")
def join(
    kernel: KernelDep, person_id: str, body: Joined, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> dict[str, Any]:
    """Says that two accounts are one natural person's, for good. ``breaches``: what that person has done in both that must be
    several people's; it stands as it is, and is for people to judge."""
    with kernel.database.write() as session:
        found = people.join(session, person_id, body.account_id, by=principal, request=request)
        natural = people.found(session, person_id).natural_id
        accounts = session.scalars(select(Person).where(Person.natural_id == natural).order_by(Person.id))
        return {
            "accounts": [{"id": each.id, "name": each.name} for each in accounts],
            "breaches": [{"kind": kind, "subject_id": subject, "duties": parts} for kind, subject, parts in found],
        }


@router.post("/people/{person_id}/roles", status_code=201)
def give_role(
    kernel: KernelDep,
    person_id: str,
    body: NewRole,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, Any]:
    """Gives a role, until a moment or for good. Roles that are kept apart are refused (rules.md section 3)."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            given = people.give_role(session, person_id, body.role, until=body.until, by=principal, request=request)
            return {"role": given.role, "since": given.since.isoformat()}

        return idempotency.once(session, principal, f"roles/{person_id}"[:200], key, body.model_dump(), create)


@router.delete("/people/{person_id}/roles/{role}", status_code=204)
def end_role(
    kernel: KernelDep, person_id: str, role: Role, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> Response:
    """Ends a role now; it stays in the history."""
    with kernel.database.write() as session:
        people.end_role(session, person_id, role, by=principal, request=request)
    return Response(status_code=204)


@router.post("/people/{person_id}/deactivation", status_code=204)
def deactivate(kernel: KernelDep, person_id: str, request: RequestId, principal: Principal = allow(Right.PEOPLE)) -> Response:
    """Closes an account: its sessions, tokens and delegations end at once."""
    with kernel.database.write() as session:
        people.deactivate(session, person_id, by=principal, request=request)
    return Response(status_code=204)


@router.post("/people/{person_id}/activation", status_code=204)
def activate(kernel: KernelDep, person_id: str, request: RequestId, principal: Principal = allow(Right.PEOPLE)) -> Response:
    with kernel.database.write() as session:
        people.activate(session, person_id, by=principal, request=request)
    return Response(status_code=204)


@router.get("/departments")
def departments(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, Any]:
    with kernel.database.read() as session:
        query = select(Department).order_by(Department.name).limit(limit + 1)
        query = query.where(Department.name > paging.text(cursor)) if cursor else query
        shown, following = paging.page(session.scalars(query).all(), limit, key="name")
        return {"departments": [{"name": each.name, "parent": each.parent} for each in shown], "next": following}


@router.post("/departments", status_code=201)
def add_department(
    kernel: KernelDep, body: NewDepartment, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> dict[str, Any]:
    with kernel.database.write() as session:
        if body.parent is not None and session.get(Department, body.parent) is None:
            raise InvalidInput("There is no such department above it. Add that one first.")
        if not insert_once(session, Department, name=body.name, parent=body.parent, created_at=now()):
            raise Conflict("There is a department of this name already.")
        journal.append(session, "department.add", actor=principal.person_id, request=request, department=body.name)
    return {"name": body.name, "parent": body.parent}


router.include_router(credentials.router)
