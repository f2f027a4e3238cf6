"""What a manifest says of items, found in the catalogue for many at once. A digest stands for all of it: another digest means
that the item is no more what was approved (hard case 11)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.clock import OFFICE
from services.kernel.copies import CopyState, TrackedCopy
from services.kernel.ledger.journal import canonical
from services.kernel.policy import versions
from services.kernel.policy.model import RetentionRule
from services.kernel.tables import File, Item, Page
from services.retention import facts as known

T = TypeVar("T")
BESIDE = ("department", "copies", "volume")
"""May change without making the item another one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The columns of a line that are frozen with the manifest. ``content``: the SHA-256 of the master."""

    reference_code: str | None
    type: str | None
    volume: str | None
    department: str | None
    pages: int
    copies: int
    revision: int
    received_on: date
    retention: str
    period: str
    started_on: date | None
    due_on: date | None
    content: str

    def digest(self, item_id: str) -> str:
        told = {name: value for name, value in asdict(self).items() if name not in BESIDE}
        days = {name: value.isoformat() for name, value in told.items() if isinstance(value, date)}
        return hashlib.sha256(canonical({"item": item_id} | told | days)).hexdigest()

    def is_due(self, today: date) -> bool:
        """A clock that was opened again, or a policy that keeps longer, makes it due no more (hard case 11)."""
        return self.due_on is not None and self.due_on <= today

    def columns(self, item_id: str) -> dict[str, object]:
        """As a line of the batch holds them: without the content, which is in the digest alone."""
        return {name: value for name, value in asdict(self).items() if name != "content"} | {"digest": self.digest(item_id)}


def gather(session: Session, ids: Sequence[str]) -> dict[str, Facts]:
    """By item, under the policy in force; those that are not there are not in it."""
    policy = versions.current(session).policy
    rows = session.execute(select(Item, File.sha256).join(File, File.id == Item.file_id).where(Item.id.in_(ids))).all()
    pages = _by_item(session, select(Page.item_id, func.count()).where(Page.item_id.in_(ids)).group_by(Page.item_id))
    out = (TrackedCopy.item_id.in_(ids), TrackedCopy.state == CopyState.OUT)
    copies = _by_item(session, select(TrackedCopy.item_id, func.count()).where(*out).group_by(TrackedCopy.item_id))
    lies_in = select(CaseFileItem.item_id, func.min(CaseFile.number)).join(CaseFile).where(CaseFileItem.item_id.in_(ids))
    volumes = _by_item(session, lies_in.group_by(CaseFileItem.item_id))
    judged = known.assessed(session, policy, [item for item, _ in rows])
    found = {}
    for item, content in rows:
        retention, assessment = known.class_of(policy, item), judged[item.id]
        found[item.id] = Facts(
            reference_code=item.reference_code,
            type=item.type,
            volume=volumes.get(item.id),
            department=item.department,
            pages=pages.get(item.id, 0),
            copies=copies.get(item.id, 0),
            revision=item.revision,
            received_on=item.created_at.astimezone(OFFICE).date(),
            retention=retention,
            period=period(policy.retention.get(retention)),
            started_on=assessment.started_on,
            due_on=assessment.due_on,
            content=content,
        )
    return found


def period(rule: RetentionRule | None) -> str:
    """A class's period in words: ``30 years``, ``30 days``, ``permanent``; what policy knows no class for is kept."""
    if rule is None or rule.permanent:
        return "permanent"
    return f"{max(rule.years, rule.floor)} years" if rule.years is not None else f"{rule.days} days"


def _by_item(session: Session, query: Select[str, T]) -> dict[str, T]:
    return dict(session.execute(query).all())
