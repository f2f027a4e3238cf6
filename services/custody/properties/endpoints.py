"""The four checks over HTTP: the report, and an examination that somebody asks for."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.custody.properties import service
from services.custody.properties.rules import Occasion, Property
from services.custody.properties.tables import PropertyCheck
from services.kernel import reach
from services.kernel.clock import OFFICE
from services.kernel.http import paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1/custody/checks", tags=["custody"])
MOST = 100_000
COLUMNS = ("at", "occasion", "reference_code", "passed", "property", "check", "ok", "detail")


class Wanted(BaseModel):
    item_ids: list[str] = Field(min_length=1, max_length=200)
    occasion: Literal["storage", "transfer"] = "storage"


@router.post("", status_code=202)
def examine(kernel: KernelDep, body: Wanted, request: RequestId, principal: Principal = allow(Right.KEEP)) -> dict[str, Any]:
    """Has items examined now."""
    with kernel.database.write() as session:
        ids = [item.id for item in reach.items_for(session, principal, body.item_ids)]
        jobs.enqueue(session, Stage.EXAMINE, request, {"items": ids, "occasion": body.occasion})
        journal.append(session, "examination.order", actor=principal.person_id, request=request, items=ids)
        return {"items": len(ids)}


@router.get("")
def checks(
    kernel: KernelDep,
    occasion: Occasion | None = None,
    passed: bool | None = None,
    item: str | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.REGISTERS),
) -> dict[str, Any]:
    """What examinations gave, newest first."""
    query = select(PropertyCheck, Item.reference_code).join(Item, Item.id == PropertyCheck.item_id)
    narrowed = [
        *([PropertyCheck.occasion == occasion] if occasion else []),
        *([PropertyCheck.passed.is_(passed)] if passed is not None else []),
        *([PropertyCheck.item_id == item] if item else []),
        *([PropertyCheck.id < paging.decode(cursor)] if cursor else []),
    ]
    with kernel.database.read() as session:
        rows = session.execute(query.where(*narrowed).order_by(PropertyCheck.id.desc()).limit(limit + 1)).all()
        following = paging.encode(rows[limit - 1][0].id) if len(rows) > limit else None
        return {"checks": [_shown(row[0], row[1]) for row in rows[:limit]], "next": following}


@router.get("/report")
def report(
    kernel: KernelDep,
    occasion: Occasion | None = None,
    since: date | None = None,
    until: date | None = None,
    format: Literal["json", "csv"] = "json",
    principal: Principal = allow(Right.REGISTERS),
) -> Any:
    """The report of a time (四性检测报告), by days of the office: how many items passed, and what failed by property; or each
    check of each item as a CSV file."""
    narrowed = [
        *([PropertyCheck.occasion == occasion] if occasion else []),
        *([PropertyCheck.at >= datetime.combine(since, time.min, OFFICE)] if since else []),
        *([PropertyCheck.at <= datetime.combine(until, time.max, OFFICE)] if until else []),
    ]
    with kernel.database.read() as session:
        if format == "csv":
            headers = {"Content-Disposition": 'attachment; filename="checks.csv"'}
            return Response(_csv(session, narrowed), media_type="text/csv; charset=utf-8", headers=headers)
        return _summary(session, narrowed)


@router.get("/{item_id}")
def last(kernel: KernelDep, item_id: str, principal: Principal = allow(Right.REGISTERS)) -> dict[str, Any]:
    """The latest examination of an item; ``check`` is null where there was none."""
    with kernel.database.read() as session:
        row = service.latest(session, item_id)
        item = session.get(Item, item_id)
        return {"check": _shown(row, item.reference_code if item else None) if row else None}


def _summary(session: Session, narrowed: list[ColumnElement[bool]]) -> dict[str, Any]:
    items = passed = 0
    failed: dict[str, dict[str, int]] = {each: {} for each in Property}
    rows = session.execute(select(PropertyCheck.passed, PropertyCheck.checks).where(*narrowed).limit(MOST))
    for ok, found in rows:
        items, passed = items + 1, passed + ok
        for check in found:
            if check["ok"] is False:
                of = failed[check["property"]]
                of[check["name"]] = of.get(check["name"], 0) + 1
    return {"items": items, "passed": passed, "failed": failed}


def _csv(session: Session, narrowed: list[ColumnElement[bool]]) -> str:
    target = io.StringIO("\ufeff")
    target.seek(0, io.SEEK_END)
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    query = select(PropertyCheck, Item.reference_code).join(Item, Item.id == PropertyCheck.item_id).where(*narrowed)
    for row in session.execute(query.order_by(PropertyCheck.id).limit(MOST)):
        found, code = row[0], row[1]
        for check in found.checks:
            at = found.at.astimezone(OFFICE).isoformat(timespec="seconds")
            told = (check["property"], check["name"], check["ok"], check["detail"])
            writer.writerow((at, found.occasion, code, found.passed, *told))
    return target.getvalue()


def _shown(row: PropertyCheck, reference_code: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "item_id": row.item_id,
        "reference_code": reference_code,
        "revision": row.revision,
        "occasion": row.occasion,
        "passed": row.passed,
        "checks": row.checks,
        "at": row.at.isoformat(),
    }
