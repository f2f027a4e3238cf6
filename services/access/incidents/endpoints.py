"""Incidents, and the care that an original needs, over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.access.incidents import service
from services.access.service import Asker, known_item
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import NotFound
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.incidents import Incident
from services.kernel.ledger import journal
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1", tags=["access"])


class NewIncident(BaseModel):
    item_id: str = Field(max_length=36)
    kind: Literal["loss", "damage", "alteration"]
    text: str = Field(min_length=2, max_length=4000)


class Settlement(BaseModel):
    outcome: Literal["found", "repaired", "replaced", "accepted"]
    text: str = Field(min_length=2, max_length=4000)


class Care(BaseModel):
    fragile: bool


@router.post("/incidents", status_code=201)
def report(
    kernel: KernelDep,
    body: NewIncident,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.LEND),
) -> dict[str, Any]:
    """Reports what has happened to an original; a lost one is missing from then on."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            known_item(session, Asker(principal, request), body.item_id)
            item = session.get_one(Item, body.item_id, with_for_update=TO_CHANGE)
            incident = service.report(session, kernel.vault, principal, item, body.kind, body.text)
            service.enter(session, principal, incident, request=request)
            return {"id": incident.id}

        return idempotency.once(session, principal, "incidents", key, body.model_dump(), create)


@router.get("/incidents")
def list_incidents(
    kernel: KernelDep,
    open: bool = True,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Incidents, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = service.incidents(session, open_only=open, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"incidents": [service.shown(session, kernel.vault, row) for row in page], "next": following}


@router.post("/incidents/{incident_id}/settlement")
def settle(
    kernel: KernelDep, incident_id: str, body: Settlement, request: RequestId, principal: Principal = allow(Right.LEND)
) -> dict[str, Any]:
    """Says how it ended."""
    with kernel.database.write() as session:
        incident = session.get(Incident, incident_id, with_for_update=TO_CHANGE)
        if incident is None:
            raise NotFound("There is no such incident. List the incidents to find it.")
        service.settle(session, kernel.vault, principal, incident, body.outcome, body.text, request=request)
        return service.shown(session, kernel.vault, incident)


@router.put("/items/{item_id}/care")
def care(
    kernel: KernelDep, item_id: str, body: Care, request: RequestId, principal: Principal = allow(Right.LEND)
) -> dict[str, Any]:
    """Flags an original as fragile or vital (易损、易丢失), or no longer."""
    with kernel.database.write() as session:
        known_item(session, Asker(principal, request), item_id)
        item = session.get_one(Item, item_id, with_for_update=TO_CHANGE)
        item.fragile = body.fragile
        journal.append(session, "item.care", actor=principal.person_id, item=item.id, request=request, fragile=body.fragile)
        return {"id": item.id, "fragile": item.fragile}
