"""The life of a destruction batch and of its lines, as pure rules (rules.md section 3). No database here."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from services.kernel.errors import Conflict


class BatchState(StrEnum):
    """``SUBMITTED``: the manifest's hash is frozen; ``NOTIFIED``: the departments were told and may object;
    ``WITNESS_PRECHECKED``: counted, and ready to be carried out; ``CLOSED``: proven, with its certificate."""

    DRAFT = "DRAFT"
    APPRAISED = "APPRAISED"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    NOTIFIED = "NOTIFIED"
    WITNESS_PRECHECKED = "WITNESS_PRECHECKED"
    EXECUTING = "EXECUTING"
    PARTIAL_FAILED = "PARTIAL_FAILED"
    VERIFYING = "VERIFYING"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


_S = BatchState
TRANSITIONS = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.APPRAISED, _S.CANCELLED}),
        _S.APPRAISED: frozenset({_S.DRAFT, _S.SUBMITTED, _S.CANCELLED}),
        _S.SUBMITTED: frozenset({_S.SUBMITTED, _S.APPROVED, _S.REJECTED, _S.CANCELLED}),
        _S.APPROVED: frozenset({_S.SUBMITTED, _S.NOTIFIED, _S.CANCELLED}),
        _S.NOTIFIED: frozenset({_S.SUBMITTED, _S.WITNESS_PRECHECKED, _S.CANCELLED}),
        _S.WITNESS_PRECHECKED: frozenset({_S.SUBMITTED, _S.EXECUTING, _S.CANCELLED}),
        _S.EXECUTING: frozenset({_S.VERIFYING, _S.PARTIAL_FAILED}),
        _S.PARTIAL_FAILED: frozenset({_S.EXECUTING}),
        _S.VERIFYING: frozenset({_S.CLOSED, _S.PARTIAL_FAILED}),
        _S.REJECTED: frozenset(),
        _S.CLOSED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)
"""Which state may follow which. Back to SUBMITTED: the manifest was frozen anew, which voids what was signed under the old one.
Nothing is cancelled once it is being carried out."""

FROZEN = frozenset({_S.SUBMITTED, _S.APPROVED, _S.NOTIFIED, _S.WITNESS_PRECHECKED})
"""The manifest is frozen and nothing is destroyed yet: lines may still leave, and none may come."""
ENDED = frozenset(state for state, following in TRANSITIONS.items() if not following)


class LineState(StrEnum):
    """A line of the manifest. ``REMOVED``: it left the batch, and its item lives on."""

    LISTED = "listed"
    REMOVED = "removed"
    DESTROYING = "destroying"
    FAILED = "failed"
    DESTROYED = "destroyed"


_L = LineState
LINE_TRANSITIONS = MappingProxyType(
    {
        _L.LISTED: frozenset({_L.REMOVED, _L.DESTROYING}),
        _L.DESTROYING: frozenset({_L.DESTROYED, _L.FAILED}),
        _L.FAILED: frozenset({_L.DESTROYING}),
        _L.REMOVED: frozenset(),
        _L.DESTROYED: frozenset(),
    }
)


class Opinion(StrEnum):
    """What an appraiser says of a line (鉴定意见)."""

    DESTROY = "destroy"
    EXTEND = "extend"
    TRANSFER = "transfer"


class Obstacle(StrEnum):
    """Why a line may not be destroyed, or left its batch. From ``HELD`` to ``STALE`` the gate finds it by itself."""

    HELD = "held"
    ON_LOAN = "on_loan"
    GRANTED = "granted"
    MISSING = "missing"
    STALE = "stale"
    """It is no more what the manifest says: reclassified, read anew, its clock or the policy changed (hard case 11)."""
    EXTENDED = "extended"
    TRANSFERRED = "transferred"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    """The whole batch was rejected or cancelled."""


class Capacity(StrEnum):
    """What a witness is named for: the destruction as a whole (监销人), or its electronic records (Order 79)."""

    SUPERVISOR = "supervisor"
    ELECTRONIC = "electronic"


def advance(current: BatchState, target: BatchState) -> BatchState:
    """The state after the step. Raises ``Conflict`` where the rules know no such step."""
    if target not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "none, it is final"
        raise Conflict(f"A destruction batch in state {current} cannot become {target}. Allowed from here: {allowed}.")
    return target


def advance_line(current: LineState, target: LineState) -> LineState:
    """The line's state after the step. Raises ``Conflict`` where the rules know no such step."""
    if target not in LINE_TRANSITIONS[current]:
        raise Conflict(f"A line that is {current} cannot become {target}.")
    return target
