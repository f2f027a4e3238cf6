"""What opens the archive to others: their passwords, sessions, tokens and second factors, in the administrator's hand. Nobody
does this to themselves: that is ``mine``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from services.kernel.errors import InvalidInput
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity import credentials, people, second_factor
from services.kernel.identity.passwords import hashed
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.shapes import shown_credential

router = APIRouter(prefix="/people/{person_id}")


class NewToken(BaseModel):
    name: str | None = Field(None, min_length=1, max_length=80, description="What it is for.")
    days: int | None = Field(None, ge=1, le=3650, description="How long it lasts; the archive's default when left out.")


class NewPassword(BaseModel):
    password: str = Field(max_length=400)


@router.post("/tokens", status_code=201)
def issue_token(
    kernel: KernelDep,
    person_id: str,
    body: Annotated[NewToken | None, Body()] = None,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, str]:
    """A new bearer token, shown this once; so it is not repeated under an idempotency key."""
    if person_id == principal.person_id:
        raise InvalidInput("Tokens for oneself are issued by another administrator.")
    asked = body or NewToken(name=None, days=None)
    with kernel.database.write() as session:
        person = people.found(session, person_id)
        days = asked.days or kernel.settings.token_days
        token = credentials.issue_token(session, person, by=principal.person_id, name=asked.name, days=days)
        return {"id": person.id, "token": token}


@router.get("/credentials")
def list_credentials(
    kernel: KernelDep,
    person_id: str,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, Any]:
    """Sessions and tokens that still open something, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        people.found(session, person_id)
        rows = credentials.of(session, person_id, after=after, limit=limit + 1)
    shown, following = paging.page(rows, limit)
    return {"credentials": [shown_credential(row, principal) for row in shown], "next": following}


@router.delete("/credentials/{credential_id}", status_code=204)
def revoke(
    kernel: KernelDep, person_id: str, credential_id: str, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> Response:
    with kernel.database.write() as session:
        credentials.revoke(session, person_id, credential_id, by=principal.person_id, request=request)
    return Response(status_code=204)


@router.delete("/credentials")
def revoke_all(
    kernel: KernelDep,
    person_id: str,
    request: RequestId,
    kind: Literal["session", "token"] | None = None,
    principal: Principal = allow(Right.PEOPLE),
) -> dict[str, int]:
    """Ends all sessions and tokens of a person, or all of one kind."""
    with kernel.database.write() as session:
        people.found(session, person_id)
        return {"ended": credentials.revoke_all(session, person_id, by=principal.person_id, request=request, kind=kind)}


@router.put("/password", status_code=204)
def set_password(
    kernel: KernelDep, person_id: str, body: NewPassword, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> Response:
    """Sets another's password, lifts a lock, and ends their sessions. One's own is changed under ``/me``."""
    with kernel.database.read() as session:
        name = people.found(session, person_id).name
    kept = hashed(body.password, about=(name,))
    with kernel.database.write() as session:
        person = people.found(session, person_id)
        people.refuse_self(person, principal, "One's own password is changed under /api/v1/me/password.")
        people.change_password(session, person, kept, by=principal.person_id, but=None, request=request)
    return Response(status_code=204)


@router.delete("/second-factor", status_code=204)
def remove_second_factor(
    kernel: KernelDep, person_id: str, request: RequestId, principal: Principal = allow(Right.PEOPLE)
) -> Response:
    """For whoever lost theirs and has no recovery code left. Their sessions end."""
    with kernel.database.write() as session:
        person = people.found(session, person_id)
        people.refuse_self(person, principal, "One's own second factor is removed under /api/v1/me/second-factor.")
        second_factor.remove(session, person.id, by=principal.person_id, request=request)
        credentials.revoke_all(session, person.id, by=principal.person_id, request=request, kind="session")
    return Response(status_code=204)
