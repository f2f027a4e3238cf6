"""The list of fragile and vital originals over HTTP. Who sets the flag is the desk: ``PUT /api/v1/items/{id}/care``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.model import ItemState
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1/custody/fragile", tags=["custody"])


@router.get("")
def fragile(
    kernel: KernelDep,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """Originals that need special care, newest first, and where their paper is not in the store."""
    here = Item.state.not_in([ItemState.DESTROYED, ItemState.TRANSFERRED])
    with kernel.database.read() as session:
        rows, following = paging.newest(session, select(Item).where(Item.fragile, here), Item.id, cursor, limit)
        return {"items": [_shown(row) for row in rows], "next": following}


def _shown(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "reference_code": item.reference_code,
        "type": item.type,
        "state": item.state,
        "on_loan": item.on_loan,
        "missing": item.missing,
    }
