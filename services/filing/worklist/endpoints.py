"""The items that wait for somebody's hand, over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import func, select

from services.filing.quality.repository import in_open_lots
from services.kernel import titles
from services.kernel.casefiles import CaseFileItem
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right, Scope
from services.kernel.ledger import journal
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1/filings/worklist", tags=["filing"])
State = Literal["SCANNED", "QC_FAILED", "QC_PASSED", "CATALOGUED", "PENDING_SIGNOFF"]


@router.get("")
def worklist(
    kernel: KernelDep,
    request: RequestId,
    state: State,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Items in one state, oldest first, but for those that are in a lot under check."""
    query = select(Item).where(Item.state == state, Item.id.not_in(in_open_lots())).order_by(Item.id).limit(limit + 1)
    if principal.scope is not Scope.ALL:
        query = query.where(Item.owner_id == principal.person_id)
    if cursor is not None:
        query = query.where(Item.id > paging.decode(cursor))
    with kernel.database.write() as session:
        rows, following = paging.page(session.scalars(query).all(), limit)
        named = titles.shown(session, kernel.vault, principal, rows)
        ids = [row.id for row in rows]
        filed = select(CaseFileItem.item_id, func.min(CaseFileItem.file_id)).where(CaseFileItem.item_id.in_(ids))
        files = {item_id: file_id for item_id, file_id in session.execute(filed.group_by(CaseFileItem.item_id))}  # noqa: C416
        items = [
            {
                "id": row.id,
                "batch_id": row.batch_id,
                "reference_code": row.reference_code,
                "title": named[row.id],
                "type": row.type,
                "business_type": row.business_type,
                "state": row.state,
                "pages": len(row.pages),
                "received_at": row.created_at.isoformat(),
                "case_file_id": files.get(row.id),
                "mine": row.owner_id == principal.person_id,
            }
            for row in rows
        ]
        journal.append(session, "items.list", actor=principal.person_id, request=request, count=len(items), state=state)
        return {"items": items, "next": following}
