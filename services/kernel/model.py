"""States, roles and flags, as pure rules (rules.md section 3). No database here."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from services.kernel.errors import Conflict


class Role(StrEnum):
    """Who a person is to the archive."""

    CLERK = "clerk"
    STAFF = "staff"
    DEPARTMENT_HEAD = "department_head"
    ARCHIVIST = "archivist"
    COMPANY_LEADER = "company_leader"
    WITNESS = "witness"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"
    MONITOR = "monitor"

    @classmethod
    def parse(cls, text: str) -> Role:
        """Accepts ``department head``, ``department-head`` and the like. Raises ``ValueError`` with the choices."""
        try:
            return cls(text.strip().lower().replace(" ", "_").replace("-", "_"))
        except ValueError:
            raise ValueError(f"no role “{text}”; choose one of: {', '.join(cls)}") from None


class ItemState(StrEnum):
    """Life of an item (件)."""

    RECEIVED = "RECEIVED"
    SCANNED = "SCANNED"
    QC_PASSED = "QC_PASSED"
    QC_FAILED = "QC_FAILED"
    CATALOGUED = "CATALOGUED"
    PENDING_SIGNOFF = "PENDING_SIGNOFF"
    ARCHIVED = "ARCHIVED"
    DUE = "DUE"
    IN_BATCH = "IN_BATCH"
    APPROVED = "APPROVED"
    DESTROYING = "DESTROYING"
    DESTROYED = "DESTROYED"
    TRANSFERRED = "TRANSFERRED"


_S = ItemState
TRANSITIONS = MappingProxyType(
    {
        _S.RECEIVED: frozenset({_S.SCANNED}),
        _S.SCANNED: frozenset({_S.QC_PASSED, _S.QC_FAILED}),
        _S.QC_FAILED: frozenset({_S.SCANNED}),
        _S.QC_PASSED: frozenset({_S.CATALOGUED}),
        _S.CATALOGUED: frozenset({_S.PENDING_SIGNOFF}),
        _S.PENDING_SIGNOFF: frozenset({_S.CATALOGUED, _S.ARCHIVED}),
        _S.ARCHIVED: frozenset({_S.DUE, _S.TRANSFERRED}),
        _S.DUE: frozenset({_S.ARCHIVED, _S.IN_BATCH}),
        _S.IN_BATCH: frozenset({_S.ARCHIVED, _S.APPROVED}),
        _S.APPROVED: frozenset({_S.ARCHIVED, _S.IN_BATCH, _S.DESTROYING}),
        _S.DESTROYING: frozenset({_S.DESTROYED}),
        _S.DESTROYED: frozenset(),
        _S.TRANSFERRED: frozenset(),
    }
)
"""Which state may follow which. DESTROYED and TRANSFERRED are terminal. APPROVED goes back to IN_BATCH where its batch needs a
new approval (hard case 11)."""


def advance(current: ItemState, target: ItemState) -> ItemState:
    """The state after the step. Raises ``Conflict`` where the rules know no such step."""
    if target not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "none, it is final"
        raise Conflict(f"An item in state {current} cannot become {target}. Allowed from here: {allowed}.")
    return target


class FileState(StrEnum):
    """Life of one delivered file. ``PARTIAL`` is taken in with pages missing; it is never called success."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REJECTED = "rejected"


class PageState(StrEnum):
    PENDING = "pending"
    READ = "read"
    FAILED = "failed"


class RenditionKind(StrEnum):
    """Use copies made from a master; the master itself is immutable and belongs to the file."""

    PAGE_PICTURE = "page_picture"
    PDF = "pdf"
