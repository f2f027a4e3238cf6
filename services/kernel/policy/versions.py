"""Policy over time: proposed by one person, put in force by another, and what is in force now. Each decision elsewhere records
the number that it was taken under."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.dialects import take_turn
from services.kernel.errors import Conflict, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.policy import model
from services.kernel.policy.model import Policy
from services.kernel.policy.tables import PolicyState, PolicyVersion


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy that holds, and its number."""

    number: int
    policy: Policy


def current(session: Session) -> InForce:
    """What holds in this transaction; the default before anything was put in force."""
    query = select(PolicyVersion.number, PolicyVersion.body).where(PolicyVersion.state == PolicyState.IN_FORCE)
    row = session.execute(query).first()
    return InForce(0, model.default()) if row is None else InForce(row.number, _parsed(row.body))


def at(session: Session, number: int) -> Policy:
    """The policy of a number, in force or not. Raises ``NotFound``."""
    return model.default() if number == 0 else _parsed(_version(session, number).body)


def propose(session: Session, actor: Principal, text: str, reason: str, *, request: str | None) -> PolicyVersion:
    """Keeps a change for another person to decide on. Raises ``InvalidInput`` for what is no policy, ``Conflict`` for one that
    changes nothing."""
    proposed = model.parse(text)
    take_turn(session, "policy")
    if proposed == current(session).policy:
        raise Conflict("This is the policy that is in force; there is nothing to decide.")
    number = (session.scalar(select(func.max(PolicyVersion.number))) or 0) + 1
    body = model.to_yaml(proposed)
    version = PolicyVersion(number=number, body=body, sha256=_digest(body), reason=reason, proposed_by=actor.person_id)
    session.add(version)
    session.flush()
    duties.assume(session, actor, Duty.EDIT_POLICY, _subject(version))
    journal.append(session, "policy.propose", actor=actor.person_id, request=request, version=number, sha256=version.sha256)
    return version


def decide(session: Session, actor: Principal, number: int, *, approves: bool, request: str | None) -> PolicyVersion:
    """Puts a proposal in force, or rejects it. Raises ``Forbidden`` for whoever proposed it, ``Conflict`` when it is decided or
    was overtaken by a version that came into force after it was proposed."""
    take_turn(session, "policy")
    version = _version(session, number)
    if version.state != PolicyState.PROPOSED:
        raise Conflict(f"Version {number} is {version.state}; only what is proposed can be decided.")
    duties.assume(session, actor, Duty.APPROVE_POLICY, _subject(version))
    before = current(session).number
    if approves and before > number:
        raise Conflict(f"Version {before} came into force after {number} was proposed. Propose the change again on top of it.")
    if approves and before:
        _version(session, before).state = PolicyState.SUPERSEDED
    version.state = PolicyState.IN_FORCE if approves else PolicyState.REJECTED
    version.decided_by, version.decided_at = actor.person_id, now()
    session.flush()
    act = "policy.enforce" if approves else "policy.reject"
    journal.append(session, act, actor=actor.person_id, request=request, version=number, sha256=version.sha256)
    return version


def _subject(version: PolicyVersion) -> Subject:
    return Subject("policy", str(version.number), version.proposed_at)


def _version(session: Session, number: int) -> PolicyVersion:
    version = session.get(PolicyVersion, number)
    if version is None:
        raise NotFound("There is no policy version of this number. List the versions to find it.")
    return version


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


@lru_cache(maxsize=8)
def _parsed(body: str) -> Policy:
    return model.parse(body)
