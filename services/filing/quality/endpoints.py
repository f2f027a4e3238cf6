"""The quality-check station over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from services.filing.quality import repository, service
from services.filing.quality.service import MOST_ITEMS, NOTE_CONTEXT, Verdict
from services.filing.quality.tables import CheckedPage, QualityCheck
from services.kernel import reach
from services.kernel.core import Kernel
from services.kernel.errors import InvalidInput, NotFound
from services.kernel.http import idempotency, paging
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right, Scope, may_know
from services.kernel.ledger import journal
from services.kernel.tables import Item

router = APIRouter(prefix="/api/v1/filings/checks", tags=["filing"])
Reason = Literal["illegible", "cut_off", "skewed", "missing_page", "wrong_order", "wrong_side", "not_in_colour", "other"]


class NewCheck(BaseModel):
    """A lot: all that waits of a batch, or these items."""

    batch_id: str | None = Field(None, max_length=36)
    item_ids: list[str] | None = Field(None, min_length=1, max_length=MOST_ITEMS)

    @model_validator(mode="after")
    def _one_of_both(self) -> NewCheck:
        if (self.batch_id is None) == (self.item_ids is None):
            raise ValueError("name a batch or the items, not both")
        return self


class PageVerdict(BaseModel):
    item_id: str = Field(max_length=36)
    number: int = Field(ge=1, le=100_000)
    passed: bool
    reason: Reason | None = None
    note: str | None = Field(None, max_length=1000)

    @model_validator(mode="after")
    def _reason_for_a_failure(self) -> PageVerdict:
        if self.passed == (self.reason is not None):
            raise ValueError("a page that does not pass has a reason, and only such a page")
        return self


class Verdicts(BaseModel):
    verdicts: list[PageVerdict] = Field(min_length=1, max_length=1000)


@router.get("/waiting")
def waiting(
    kernel: KernelDep, limit: paging.Limit = 50, cursor: paging.Cursor = None, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Items that wait for a check, oldest first."""
    owner = None if principal.scope is Scope.ALL else principal.person_id
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = repository.waiting(session, batch_id=None, owner_id=owner, after=after, limit=limit + 1)
        shown, following = paging.page(rows, limit)
        items = [_waiting(row, principal) for row in shown]
        return {"items": items, "next": following}


@router.post("", status_code=201)
def open_check(
    kernel: KernelDep,
    body: NewCheck,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Opens a lot: the program checks every page, and the sample is drawn."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            items = _items(session, principal, body)
            return shown(session, kernel, service.open_check(session, principal, items, request=request))

        return idempotency.once(session, principal, "checks", key, body.model_dump(), create)


@router.get("")
def list_checks(
    kernel: KernelDep,
    open: bool = True,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
    principal: Principal = allow(Right.FILE),
) -> dict[str, Any]:
    """Lots, newest first."""
    after = paging.decode(cursor) if cursor else None
    with kernel.database.read() as session:
        rows = repository.checks(session, open_only=open, after=after, limit=limit + 1)
        page, following = paging.page(rows, limit)
        return {"checks": [summary(row) for row in page if _knows(session, principal, row)], "next": following}


@router.get("/{check_id}")
def check(kernel: KernelDep, check_id: str, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    with kernel.database.read() as session:
        return shown(session, kernel, _check(session, principal, check_id, to_change=False))


@router.post("/{check_id}/verdicts")
def see(
    kernel: KernelDep, check_id: str, body: Verdicts, request: RequestId, principal: Principal = allow(Right.FILE)
) -> dict[str, Any]:
    """Says of pages whether they pass."""
    with kernel.database.write() as session:
        found = _check(session, principal, check_id)
        service.see(session, kernel.vault, principal, found, [Verdict(**each.model_dump()) for each in body.verdicts])
        body_ = shown(session, kernel, found)
        pages = [f"{each.item_id}/{each.number}" for each in body.verdicts]
        journal.append(session, "check.see", actor=principal.person_id, request=request, check=found.id, pages=pages)
        return body_


@router.post("/{check_id}/close")
def close(kernel: KernelDep, check_id: str, request: RequestId, principal: Principal = allow(Right.FILE)) -> dict[str, Any]:
    """Decides on the items of the lot; where too much of the sample failed, draws the rest of it instead."""
    with kernel.database.write() as session:
        found = service.close(session, principal, _check(session, principal, check_id), request=request)
        return shown(session, kernel, found)


def _items(session: Session, principal: Principal, body: NewCheck) -> list[Item]:
    if body.item_ids is not None:
        return reach.items_for(session, principal, body.item_ids)
    owner = None if principal.scope is Scope.ALL else principal.person_id
    rows = repository.waiting(session, batch_id=body.batch_id, owner_id=owner, after=None, limit=MOST_ITEMS)
    if not rows:
        raise InvalidInput("Nothing of this batch waits for a check. List what is waiting.")
    return reach.items_for(session, principal, [row.id for row in rows])


def _check(session: Session, principal: Principal, check_id: str, *, to_change: bool = True) -> QualityCheck:
    found = repository.check(session, check_id, to_change=to_change)
    if found is None or not _knows(session, principal, found):
        raise NotFound("There is no such lot. List the lots to find it.")
    return found


def _knows(session: Session, principal: Principal, check: QualityCheck) -> bool:
    return all(may_know(principal, session.get_one(Item, each.item_id)) for each in check.items)


def summary(check: QualityCheck) -> dict[str, Any]:
    drawn = [page for page in check.pages if page.drawn is not None]
    return {
        "id": check.id,
        "checker_id": check.checker_id,
        "opened_at": check.opened_at.isoformat(),
        "closed_at": check.closed_at.isoformat() if check.closed_at else None,
        "policy": check.policy,
        "sample": {"seed": check.seed, "share": check.share, "widened": check.widened},
        "items": [{"item_id": each.item_id, "revision": each.revision, "passed": each.passed} for each in check.items],
        "pages": len(check.pages),
        "drawn": len(drawn),
        "to_see": sum(page.passed is None for page in drawn),
        "failed": sum(page.passed is False for page in check.pages),
    }


def shown(session: Session, kernel: Kernel, check: QualityCheck) -> dict[str, Any]:
    keys = {each.item_id: session.get_one(Item, each.item_id).key_id for each in check.items}

    def page(row: CheckedPage) -> dict[str, Any]:
        sealed = row.note_sealed
        return {
            "item_id": row.item_id,
            "number": row.number,
            "findings": row.findings,
            "drawn": row.drawn,
            "passed": row.passed,
            "reason": row.reason,
            "note": kernel.vault.open_text(session, keys[row.item_id], NOTE_CONTEXT, sealed) if sealed else None,
            "seen_by": row.seen_by,
        }

    return summary(check) | {"page_list": [page(row) for row in check.pages]}


def _waiting(item: Item, principal: Principal) -> dict[str, Any]:
    return {
        "id": item.id,
        "batch_id": item.batch_id,
        "reference_code": item.reference_code,
        "type": item.type,
        "pages": len(item.pages),
        "received_at": item.created_at.isoformat(),
        "mine": item.owner_id == principal.person_id,
    }
