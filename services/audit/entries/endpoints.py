"""Entries over HTTP. Reading them is on the ledger too."""

from __future__ import annotations

import json
from typing import Any, Literal

from fastapi import APIRouter

from services.audit import mentions
from services.audit.entries import asking, repository
from services.audit.entries.asking import FiltersDep
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger.tables import LedgerEntry

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("/entries")
def entries(
    kernel: KernelDep,
    request: RequestId,
    filters: FiltersDep,
    order: Literal["oldest", "newest"] = "oldest",
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.LEDGER),
) -> dict[str, Any]:
    """Entries by person, item, customer, request, grant, act and time. ``people`` and ``items``: what the ids in them are
    called today, which no ledger vouches for."""
    position = LedgerEntry.position
    mentions.catch_up_whole(kernel.database)
    with kernel.database.write() as session:
        filters = repository.resolved(session, filters)
        asking.note(session, "ledger.read", principal, request, filters)
        query = repository.entries(filters, session).order_by(position if order == "oldest" else position.desc())
        if cursor:
            last = paging.whole(cursor)
            query = query.where(position > last if order == "oldest" else position < last)
        rows = session.scalars(query.limit(limit + 1)).all()
        shown, following = paging.page(rows, limit, key="position")
        told = [json.loads(row.data) for row in shown]
        return {"entries": told, "next": following, **called(session, told)}


def called(session: Any, told: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Names of people and 档号 of items that the entries name."""
    named = {pair for entry in told for pair in mentions.mentions(entry)}
    people = [subject for kind, subject in named if kind == "person"]
    items = [subject for kind, subject in named if kind == "item"]
    return {"people": repository.names(session, people), "items": repository.codes(session, items)}
