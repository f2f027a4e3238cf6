"""A request as a matter to be approved: by whom, over what, and what it asks of policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.requests.tables import AccessRequest
from services.kernel.approvals.decisions import Matter
from services.kernel.clock import now
from services.kernel.errors import Forbidden
from services.kernel.identity.duties import Subject
from services.kernel.identity.tables import PersonRole
from services.kernel.model import Role
from services.kernel.policy import versions
from services.kernel.policy.model import AccessKind, AccessRule, Policy
from services.kernel.tables import Item

KIND = "access"


def subject_of(request: AccessRequest) -> Subject:
    return Subject(KIND, request.id, request.created_at)


def matter_of(session: Session, request: AccessRequest) -> Matter:
    """Under the version of policy that the request was made under. Who fits is found by the roles that people hold now, so
    that a seat whose holder has left waits for the next one."""
    policy = versions.at(session, request.policy)
    items = items_of(session, request)
    rule = rule_for(policy, request.kind, items, requester_roles(session, request))
    return Matter(
        subject=subject_of(request),
        digest=_digest(request),
        rounds=rule.rounds,
        policy=request.policy,
        requester_department=request.department,
        item_departments=frozenset(item.department for item in items if item.department),
        stand_ins=frozenset(policy.access.escalate_to) if request.escalated_at else frozenset(),
    )


def rule_for(policy: Policy, kind: str, items: Iterable[Item], roles: frozenset[Role]) -> AccessRule:
    """Raises ``Forbidden`` with the code ``no-way`` where policy allows such people nothing of the kind."""
    types = frozenset(item.type or "other" for item in items)
    asked: AccessKind = kind  # type: ignore[assignment]
    rule = policy.access.rule(asked, types, roles)
    if rule is None:
        raise Forbidden(f"Policy does not allow you “{kind}” of these items. Ask for another kind of access.", code="no-way")
    return rule


def items_of(session: Session, request: AccessRequest) -> list[Item]:
    ids = [line.item_id for line in request.items]
    return list(session.scalars(select(Item).where(Item.id.in_(ids)).order_by(Item.id)))


def requester_roles(session: Session, request: AccessRequest) -> frozenset[Role]:
    """The roles held when it was made."""
    held = session.scalars(select(PersonRole).where(PersonRole.person_id == request.person_id))
    then = request.created_at
    return frozenset(Role(each.role) for each in held if each.since <= then and (each.until is None or each.until > then))


def overdue(policy: Policy, request: AccessRequest) -> bool:
    """Whether it has waited for longer than policy lets it."""
    return (now() - request.created_at).total_seconds() >= policy.access.escalate_after_hours * 3600


def _digest(request: AccessRequest) -> str:
    content = [
        *(request.id, request.kind, request.person_id, request.days, request.copies, request.policy),
        *(hashlib.sha256(request.purpose_sealed).hexdigest(), [line.item_id for line in request.items]),
    ]
    content += ["masked"] if request.masked else []
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
