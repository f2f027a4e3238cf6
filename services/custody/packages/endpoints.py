"""Handover packages over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.custody.packages import contents, service
from services.custody.packages.bag import BagWriter
from services.custody.packages.receipts import Receipt
from services.custody.packages.tables import Package, PackageState
from services.custody.properties import service as properties
from services.kernel import reach
from services.kernel.blobs.keys import Vault
from services.kernel.core import Kernel
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1/custody/packages", tags=["custody"])
AGENT = "Muniment"


class NewPackage(BaseModel):
    title: str = Field(min_length=2, max_length=200)
    receiver: str = Field(min_length=2, max_length=200, description="The archive that it goes to.")
    item_ids: list[str] = Field(min_length=1, max_length=500)


@router.post("", status_code=201)
def open_package(
    kernel: KernelDep,
    body: NewPackage,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.KEEP),
) -> dict[str, Any]:
    """Puts items on the list of a package, and has them examined."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            items = reach.items_for(session, principal, body.item_ids)
            return summary(service.open_package(session, principal, body.title, body.receiver, items, request=request))

        return idempotency.once(session, principal, "packages", key, body.model_dump(), create)


@router.get("")
def packages(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Packages, newest first."""
    with kernel.database.read() as session:
        rows, following = paging.newest(session, select(Package), Package.id, cursor, limit)
        return {"packages": [summary(row) for row in rows], "next": following}


@router.get("/{package_id}")
def package(kernel: KernelDep, package_id: str, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    """A package with its lines, what the checks gave, and what was decided."""
    with kernel.database.read() as session:
        found = service.package_for(session, package_id)
        return summary(found) | {"lines": _lines(session, kernel.vault, principal, found)}


@router.post("/{package_id}/examination", status_code=202)
def examine(kernel: KernelDep, package_id: str, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, Any]:
    """Has the items of a blocked package examined again."""
    with kernel.database.write() as session:
        found = service.package_for(session, package_id, to_change=True)
        service.examine(session, principal, found, request=request)
        return summary(found)


@router.get("/{package_id}/bag", response_class=StreamingResponse)
def bag(kernel: KernelDep, package_id: str, request: RequestId, principal: Principal = allow(Right.KEEP)) -> StreamingResponse:
    """The package as a ZIP with one bag (RFC 8493). It holds its items' content in plain: carry it as such."""
    with kernel.database.write() as session:
        found = service.package_for(session, package_id)
        service.require(found, PackageState.READY, PackageState.SENT)
        ids = [line.item_id for line in found.lines]
        service.require_free(reach.items_for(session, principal, ids))
        prepared = contents.prepare(session, kernel.vault, found)
        for item_id in ids:
            journal.append(session, "package.fetch", actor=principal.person_id, item=item_id, request=request, package=found.id)
    info = {
        "Source-Organization": kernel.settings.fonds,
        "Bagging-Date": found.opened_at.date().isoformat(),
        "External-Identifier": found.number,
        "Bag-Software-Agent": AGENT,
    }
    writer = BagWriter(found.number, info)
    pieces = _sending(kernel, writer, prepared, principal, found.id, request)
    headers = {"Content-Disposition": f'attachment; filename="{found.number}.zip"', "Cache-Control": "private, no-store"}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.post("/{package_id}/receipt")
def receive(
    kernel: KernelDep, package_id: str, body: Receipt, request: RequestId, principal: Principal = allow(Right.KEEP)
) -> dict[str, Any]:
    """Enters what the other side decided on each item."""
    with kernel.database.write() as session:
        found = service.package_for(session, package_id, to_change=True)
        service.receive(session, kernel.vault, principal, found, body, request=request)
        return summary(found)


@router.post("/{package_id}/cancellation")
def cancel(kernel: KernelDep, package_id: str, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, Any]:
    """Ends a package without handing anything over."""
    with kernel.database.write() as session:
        found = service.package_for(session, package_id, to_change=True)
        service.cancel(session, principal, found, request=request)
        return summary(found)


def _sending(
    kernel: Kernel,
    writer: BagWriter,
    prepared: list[contents.Prepared],
    principal: Principal,
    package_id: str,
    request: str,
) -> Iterator[bytes]:
    """The last piece goes out once it is on the ledger that all of it did."""
    held = b""
    for piece in writer.stream(contents.payload(kernel, prepared)):
        if piece:
            if held:
                yield held
            held = piece
    with kernel.database.write() as session:
        found = service.package_for(session, package_id, to_change=True)
        service.sent(session, principal, found, writer.digest, request=request)
    yield held


def summary(row: Package) -> dict[str, Any]:
    decided = [line.accepted for line in row.lines]
    return {
        "id": row.id,
        "number": row.number,
        "title": row.title,
        "receiver": row.receiver,
        "state": row.state,
        "items": len(decided),
        "accepted": decided.count(True),
        "rejected": decided.count(False),
        "opened_at": row.opened_at.isoformat(),
        "opened_by": row.opened_by,
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
        "digest": row.digest,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
    }


def _lines(session: Session, vault: Vault, principal: Principal, row: Package) -> list[dict[str, Any]]:
    shown = []
    for line in row.lines:
        item, check = session.get_one(Item, line.item_id), properties.latest(session, line.item_id)
        sealed = line.reason_sealed if principal.may(Right.KEEP) else None
        shown.append(
            {
                "position": line.position,
                "item_id": item.id,
                "reference_code": item.reference_code,
                "state": item.state,
                "checked": check.passed if check else None,
                "failed": [f"{each['property']}.{each['name']}" for each in check.checks if each["ok"] is False]
                if check
                else [],
                "accepted": line.accepted,
                "reason": vault.open_text(session, item.key_id, service.REASON_CONTEXT, sealed) if sealed else None,
            }
        )
    return shown
