"""The review queue over HTTP. What is confirmed or corrected there goes the way of every correction."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing.review import repository
from services.kernel.core import Kernel
from services.kernel.grants.opening import unmasked
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right, Scope
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.readings import open_field
from services.kernel.tables import FieldValue, Item, Page

router = APIRouter(prefix="/api/v1/filings/review", tags=["filing"])


@router.get("")
def review(
    kernel: KernelDep,
    request: RequestId,
    limit: paging.Limit = 20,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Values that reading is less sure of than policy asks for, the most doubtful first, each with its place on its page.
    Those of items whose content is not open to whoever asks are counted and not shown."""
    owner = None if principal.scope is Scope.ALL else principal.person_id
    after = paging.ranked(cursor) if cursor else None
    with kernel.database.write() as session:
        below = versions.current(session).policy.filing.review_below
        rows = repository.doubtful(session, below=below, owner_id=owner, after=after, limit=limit + 1)
        page, more = rows[:limit], len(rows) > limit
        items = {row.item_id: session.get_one(Item, row.item_id) for row in page}
        open_ = unmasked(session, principal, list(items.values()))
        shown = [_shown(session, kernel, items[row.item_id], row) for row in page if row.item_id in open_]
        journal.append(
            session,
            "fields.review",
            actor=principal.person_id,
            request=request,
            values={each["id"]: each["item_id"] for each in shown},
        )
        return {
            "below": below,
            "total": repository.count(session, below=below, owner_id=owner),
            "values": shown,
            "next": paging.encode(f"{page[-1].confidence!r} {page[-1].id}") if more else None,
        }


def _shown(session: Session, kernel: Kernel, item: Item, row: FieldValue) -> dict[str, Any]:
    page = session.scalar(select(Page).where(Page.item_id == item.id, Page.number == row.page))
    return open_field(session, kernel.vault, item, row).to_json() | {
        "id": row.id,
        "name": row.name,
        "item_id": item.id,
        "reference_code": item.reference_code,
        "type": item.type,
        "page_width": page.width if page else None,
        "page_height": page.height if page else None,
    }
