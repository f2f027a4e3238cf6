"""Standing reports over HTTP, as JSON, CSV or XLSX. Who asks for one is on the ledger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response
from sqlalchemy.orm import Session

from services.audit import mentions, sheets
from services.audit.entries import asking, repository
from services.audit.entries.asking import FiltersDep
from services.audit.entries.repository import Filters
from services.audit.reports import service
from services.audit.reports.service import COLUMNS, TITLES, Rules
from services.kernel.errors import InvalidInput
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.policy import versions

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
Name = Literal["customer", "person", "out-of-hours", "mass-reading", "unused-grants", "delegated-approvals"]
PEOPLE, ITEMS = ("person", "for"), ("item",)


@router.get("/reports/{name}", response_model=None)
def report(
    kernel: KernelDep,
    request: RequestId,
    name: Annotated[Name, Path()],
    filters: FiltersDep,
    format: Literal["json", "csv", "xlsx"] = "json",
    principal: Principal = allow(Right.LEDGER),
) -> dict[str, Any] | Response:
    """``customer`` (with ``party``, or an ``item`` that names them): who saw this customer · ``person`` (with ``person``):
    what this person saw · ``out-of-hours`` · ``mass-reading`` · ``unused-grants`` · ``delegated-approvals``; between ``from``
    and ``to``."""
    mentions.catch_up_whole(kernel.database)
    with kernel.database.write() as session:
        filters = repository.resolved(session, filters)
        held = versions.current(session)
        rows = _rows(session, name, filters, Rules(held.policy.oversight))
        asking.note(session, "ledger.report", principal, request, filters, report=name, rows=len(rows), policy=held.number)
        called = _called(session, rows)
    if format == "json":
        return {"report": name, "columns": COLUMNS[name], "rows": rows, **called}
    return _file(name, rows, called["people"] | called["items"], format)


def _rows(session: Session, name: Name, filters: Filters, rules: Rules) -> service.Rows:
    match name:
        case "customer":
            if not filters.party and not filters.item:
                raise InvalidInput(
                    "Say which customer: party=… with the id of a party, or item=… with an item that names them."
                )
            return service.customer(session, filters)
        case "person":
            if not filters.person:
                raise InvalidInput("Say whom: person=… with the id of a person.")
            return service.person(session, filters.person, filters)
        case "out-of-hours":
            return service.out_of_hours(session, rules, filters)
        case "mass-reading":
            return service.mass_reading(session, rules, filters)
        case "unused-grants":
            return service.unused_grants(session)
        case "delegated-approvals":
            return service.delegated_approvals(session, filters)


def _called(session: Session, rows: service.Rows) -> dict[str, dict[str, str]]:
    people = {row[name] for row in rows for name in PEOPLE if row.get(name)}
    items = {row[name] for row in rows for name in ITEMS if row.get(name)}
    return {"people": repository.names(session, people), "items": repository.codes(session, items)}


def _file(name: Name, rows: service.Rows, called: dict[str, str], format: str) -> Response:
    """With a column for what an id is called beside each that has a name."""
    named = [each for each in (*PEOPLE, *ITEMS) if each in COLUMNS[name]]
    columns = [*COLUMNS[name], *(f"{each}_name" for each in named)]
    whole = [row | {f"{each}_name": called.get(row[each] or "") for each in named} for row in rows]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "Cache-Control": "private, no-store"}
    if format == "xlsx":
        return Response(sheets.xlsx(TITLES[name], columns, whole), media_type=sheets.XLSX, headers=headers)
    return Response(b"".join(sheets.csv_lines(columns, whole)), media_type=sheets.CSV, headers=headers)
