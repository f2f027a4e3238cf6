"""Labels over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from services.filing.catalogue.endpoints import PDF, attachment
from services.filing.labels import service
from services.filing.paper.labels import labels_pdf
from services.kernel import reach
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right

router = APIRouter(prefix="/api/v1/filings", tags=["filing"])


class Items(BaseModel):
    item_ids: list[str] = Field(min_length=1, max_length=200)


@router.post("/labels", response_class=Response)
def labels(kernel: KernelDep, body: Items, request: RequestId, principal: Principal = allow(Right.FILE)) -> Response:
    """Labels for these items' boxes, as a PDF. Printing again is remembered again."""
    with kernel.database.write() as session:
        items = reach.items_for(session, principal, body.item_ids)
        texts = service.make(session, kernel.vault, principal, items, request=request)
    return attachment(labels_pdf(texts), PDF, "labels.pdf")


@router.get("/relabelling")
def relabelling(kernel: KernelDep, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """Boxes whose label says another class or period than holds now."""
    with kernel.database.read() as session:
        return {
            "tasks": [
                {
                    "item_id": each.item.id,
                    "reference_code": each.item.reference_code,
                    "printed": {"retention": each.printed[0], "period": each.printed[1]},
                    "wanted": {"retention": each.wanted[0], "period": each.wanted[1]},
                }
                for each in service.to_relabel(session, principal)
            ]
        }
