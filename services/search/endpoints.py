"""Searching over HTTP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.search import service
from services.search.index.port import Filters, Index, Sort

router = APIRouter(prefix="/api/v1", tags=["search"])
Many = Annotated[list[str], Query(max_length=20)]
Yuan = Annotated[Decimal | None, Query(ge=0, max_digits=15, decimal_places=2, description="In yuan.")]


def index_of(request: Request) -> Index:
    """The index that the composition root hung on the application."""
    index: Index = request.app.state.index
    return index


def filters(
    type: Many = [],  # noqa: B006 - the contract's name; FastAPI copies defaults
    state: Many = [],  # noqa: B006
    department: Many = [],  # noqa: B006
    customer_type: Many = [],  # noqa: B006
    business_type: Many = [],  # noqa: B006
    date_from: Annotated[date | None, Query(alias="from")] = None,
    date_to: Annotated[date | None, Query(alias="to")] = None,
    amount_min: Yuan = None,
    amount_max: Yuan = None,
) -> Filters:
    return Filters(
        types=tuple(type),
        states=tuple(state),
        departments=tuple(department),
        customer_types=tuple(customer_type),
        business_types=tuple(business_type),
        date_from=date_from,
        date_to=date_to,
        amount_min=None if amount_min is None else int(amount_min * 100),
        amount_max=None if amount_max is None else int(amount_max * 100),
    )


@router.get("/search")
def search(
    kernel: KernelDep,
    request: RequestId,
    index: Annotated[Index, Depends(index_of)],
    narrowed: Annotated[Filters, Depends(filters)],
    q: Annotated[str, Query(max_length=1000)] = "",
    sort: Sort = "score",
    cursor: paging.Cursor = None,
    limit: paging.Limit = 20,
    principal: Principal = allow(Right.SEARCH),
) -> dict[str, Any]:
    """Hits within what the caller may know of; totals and facets count nothing beyond it."""
    question = service.Question(q, narrowed, sort, cursor, limit)
    return service.search(kernel, index, principal, question, request=request)
