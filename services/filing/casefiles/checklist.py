"""Is a customer's file complete? By the checklist that policy has for its kind of business (behaviour 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.errors import Conflict
from services.kernel.model import ItemState
from services.kernel.policy.model import Policy
from services.kernel.tables import Item

NOT_THERE = frozenset({ItemState.RECEIVED, ItemState.SCANNED, ItemState.QC_FAILED, ItemState.DESTROYED, ItemState.TRANSFERRED})
"""What is in one of these states fills no line: it was not checked, or is no longer here."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a checklist: an item of one of these types must be there."""

    types: tuple[str, ...]
    item_ids: tuple[str, ...]

    @property
    def filled(self) -> bool:
        return bool(self.item_ids)


def lines(policy: Policy, business_type: str, items: Iterable[Item]) -> list[Line]:
    present = [item for item in items if item.state not in NOT_THERE]
    return [
        Line(types, tuple(item.id for item in present if item.type in types))
        for types in policy.filing.checklists.get(business_type, ())
    ]


def items_of(session: Session, file_id: str) -> list[Item]:
    query = select(Item).join(CaseFileItem, CaseFileItem.item_id == Item.id).where(CaseFileItem.file_id == file_id)
    return list(session.scalars(query.order_by(CaseFileItem.at, Item.id)))


def require_complete(session: Session, policy: Policy, items: Sequence[Item]) -> None:
    """Raises ``Conflict`` where an item that belongs into a customer's file is in none, or in one that is incomplete."""
    for item in items:
        files = session.scalars(
            select(CaseFile).join(CaseFileItem, CaseFileItem.file_id == CaseFile.id).where(CaseFileItem.item_id == item.id)
        ).all()
        if not files and policy.filing.checklists.get(item.business_type or ""):
            raise Conflict(f"Item {item.id} belongs into a customer's file and is in none. Put it into one, then submit it.")
        for file in files:
            _require(session, policy, file)


def _require(session: Session, policy: Policy, file: CaseFile) -> None:
    missing = [line for line in lines(policy, file.business_type, items_of(session, file.id)) if not line.filled]
    if missing:
        wanted = "; ".join(" or ".join(line.types) for line in missing)
        raise Conflict(f"File {file.number} is incomplete, it lacks: {wanted}. Add what is missing, then submit it again.")
