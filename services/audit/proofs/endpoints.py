"""Checkpoints and proofs over HTTP, as text that standard tools take. Asking for them is on the ledger too."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse
from sqlalchemy import select

from services.audit.proofs import service
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import checkpoints, journal
from services.kernel.ledger.proof_files import EXTENSION
from services.kernel.ledger.tables import LedgerCheckpoint

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
MOST = 10**15
Size = Annotated[int, Path(ge=1, le=MOST)]


@router.get("/checkpoints")
def list_checkpoints(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.LEDGER),
) -> dict[str, Any]:
    """Signed checkpoints, latest first; ``stored``: whether one lies in the write-once store; ``unsigned``: how many entries
    are newer than the latest."""
    query = select(LedgerCheckpoint).order_by(LedgerCheckpoint.size.desc()).limit(limit + 1)
    if cursor:
        query = query.where(LedgerCheckpoint.size < paging.whole(cursor))
    with kernel.database.read() as session:
        rows, following = paging.page(session.scalars(query).all(), limit, key="size")
        last, entries = checkpoints.newest(session), journal.length(session)
    return {
        "public_key": kernel.signer.verifier_key,
        "entries": entries,
        "unsigned": entries - (last.size if last is not None else 0),
        "checkpoints": [{"size": row.size, "at": row.at.isoformat(), "stored": row.stored, "note": row.note} for row in rows],
        "next": following,
    }


@router.get("/checkpoints/latest", response_class=PlainTextResponse)
def latest(kernel: KernelDep, principal: Principal = allow(Right.LEDGER)) -> PlainTextResponse:
    """The ledger as it stands, signed now (C2SP tlog-checkpoint)."""
    with kernel.database.read() as session:
        return PlainTextResponse(checkpoints.standing(session, kernel.signer))


@router.get("/checkpoints/{size}", response_class=PlainTextResponse)
def one(kernel: KernelDep, size: Size, principal: Principal = allow(Right.LEDGER)) -> PlainTextResponse:
    """One checkpoint as it was signed."""
    with kernel.database.read() as session:
        return PlainTextResponse(service.checkpoint(session, size).note)


@router.get("/consistency", response_class=PlainTextResponse)
def consistency(
    kernel: KernelDep,
    request: RequestId,
    old: Annotated[int, Query(ge=1, le=MOST)],
    new: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    principal: Principal = allow(Right.LEDGER),
) -> PlainTextResponse:
    """The proof that the ledger of checkpoint ``new``, or as it stands, begins with that of checkpoint ``old`` (RFC 6962
    section 2.1.2, as a C2SP tlog-witness takes it)."""
    with kernel.database.write() as session:
        journal.append(session, "ledger.prove", actor=principal.person_id, request=request, old=old, new=new)
    with kernel.database.read() as session:
        return _file(service.consistency(session, kernel.signer, old, new).to_text(), f"consistency-{old}.txt")


@router.get("/entries/{position}/proof", response_class=PlainTextResponse)
def inclusion(
    kernel: KernelDep,
    request: RequestId,
    position: Annotated[int, Path(ge=0, le=MOST)],
    principal: Principal = allow(Right.LEDGER),
) -> PlainTextResponse:
    """The proof that an entry stands in the ledger, with the entry in it (C2SP tlog-proof). ``muniment ledger verify`` takes
    it."""
    with kernel.database.write() as session:
        journal.append(session, "ledger.prove", actor=principal.person_id, request=request, entry=position)
    with kernel.database.read() as session:
        return _file(service.inclusion(session, kernel.signer, position).to_text(), f"entry-{position}{EXTENSION}")


def _file(text: str, name: str) -> PlainTextResponse:
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})
