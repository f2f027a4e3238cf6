"""Asking for access, deciding on it, and the grant that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.access.marking import register
from services.access.requests import approvers, repository
from services.access.requests.matter import items_of, matter_of, overdue, requester_roles, rule_for, subject_of
from services.access.requests.tables import AccessRequest, RequestedItem, RequestState
from services.kernel import notices, series
from services.kernel.approvals import decisions
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import TO_SHOW
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.grants.opening import CLOSED, IN_WORK
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal, may_know
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.policy.model import AccessKind, AccessRule, Policy
from services.kernel.tables import Item

PURPOSE_CONTEXT = "access_requests.purpose"
LETTERS = "JY"
"""借阅: what the numbers of requests begin with."""
OF_PAPER = ("loan", "copy")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: ``days`` from the approval, None for as long as policy allows; ``copies`` of each item; ``masked``:
    whether personal data may stay masked."""

    kind: AccessKind
    item_ids: Sequence[str]
    purpose: str
    days: int | None = None
    copies: int = 0
    masked: bool = False


def ask(session: Session, vault: Vault, actor: Principal, wish: Wish, *, request: str | None) -> AccessRequest:
    """Makes a request and asks the first approvers; where policy wants none, it is granted at once. Raises ``NotFound`` for
    items that this person may not know of, ``Forbidden`` where policy knows no way, ``Conflict`` for what cannot be had."""
    held = versions.current(session)
    items = _items(session, actor, wish, held.policy)
    rule = rule_for(held.policy, wish.kind, items, actor.roles)
    if wish.days is not None and wish.days > rule.days:
        raise InvalidInput(f"Policy grants this for {rule.days} days at most. Ask for fewer.")
    if wish.masked and wish.kind == "loan":
        raise InvalidInput("Paper cannot be masked. Ask to read the item, or leave “masked” out.")
    key = vault.new_key(session)
    asked = AccessRequest(
        number=series.of_this_year(session, LETTERS),
        kind=wish.kind,
        person_id=actor.person_id,
        department=actor.department,
        key_id=key.id,
        purpose_sealed=vault.seal_text(session, key.id, PURPOSE_CONTEXT, wish.purpose),
        days=wish.days or rule.days,
        copies=wish.copies if wish.kind == "copy" else 0,
        masked=wish.masked or rule.masked,
        policy=held.number,
    )
    session.add(asked)
    session.flush()
    session.add_all(RequestedItem(request_id=asked.id, item_id=item.id) for item in items)
    session.flush()
    session.refresh(asked)
    duties.assume(session, actor, Duty.REQUEST, subject_of(asked))
    granted = _go_on(session, asked, rule)
    named = [item.id for item in items]
    told: dict[str, Any] = {"access": asked.id, "kind": asked.kind, "items": named, "policy": asked.policy}
    journal.append(session, "access.ask", actor=actor.person_id, request=request, **told)
    _enter_grant(session, actor, granted, request=request)
    return asked


def decide(
    session: Session, actor: Principal, asked: AccessRequest, *, approves: bool, reason: str, request: str | None
) -> None:
    """Signs for or against. Raises ``Forbidden`` for whoever made the request, in any role and for anybody; ``Conflict`` once
    it is decided, or where the policy in force no longer knows a way to this."""
    _require_open(asked)
    matter = matter_of(session, asked)
    if approves:
        rule_for(versions.current(session).policy, asked.kind, items_of(session, asked), requester_roles(session, asked))
    approval, standing = decisions.decide(session, actor, matter, approves=approves, reason=reason)
    granted = None
    if standing.rejected:
        _settle(asked, RequestState.REJECTED)
        approvers.tell(session, [asked.person_id], "access.rejected", asked)
    else:
        rule = rule_for(
            versions.at(session, asked.policy), asked.kind, items_of(session, asked), requester_roles(session, asked)
        )
        granted = _go_on(session, asked, rule)
    act = "access.approve" if approves else "access.reject"
    told: dict[str, Any] = {"access": asked.id, "round": approval.round, "for": approval.for_id, "policy": asked.policy}
    journal.append(session, act, actor=actor.person_id, request=request, **told)
    _enter_grant(session, actor, granted, request=request)


def withdraw(session: Session, actor: Principal, asked: AccessRequest, *, request: str | None) -> None:
    if asked.person_id != actor.person_id:
        raise Forbidden("Only whoever made a request withdraws it. Refuse it instead, if it waits for you.")
    _require_open(asked)
    _settle(asked, RequestState.WITHDRAWN)
    journal.append(session, "access.withdraw", actor=actor.person_id, request=request, access=asked.id)


def escalate(database: Database) -> int:
    """Passes on what has waited too long: those whom policy names may then sign in place of whoever did not. Returns how many
    requests that were."""
    with database.read() as session:
        policy = versions.current(session).policy
        late = [each.id for each in repository.open_requests(session) if not each.escalated_at and overdue(policy, each)]
    for request_id in late:
        with database.write() as session:
            asked = repository.request(session, request_id, to_change=True)
            if asked is not None and asked.state == RequestState.OPEN and asked.escalated_at is None:
                _escalate(session, asked)
                journal.append(session, "access.escalate", actor=None, access=asked.id)
    return len(late)


def _items(session: Session, actor: Principal, wish: Wish, policy: Policy) -> list[Item]:
    if len(set(wish.item_ids)) > policy.access.most_items:
        raise InvalidInput(f"A request is for {policy.access.most_items} items at most. Leave some out.")
    found = []
    for item_id in sorted(set(wish.item_ids)):
        item = session.get(Item, item_id)
        if item is None or not may_know(actor, item):
            raise NotFound("There is no such item among those that you may know of. Search for it, or ask the archivist.")
        _require_to_be_had(item, wish.kind, policy)
        found.append(item)
    return found


def _require_to_be_had(item: Item, kind: str, policy: Policy) -> None:
    if kind == "consult":
        return
    if item.state in IN_WORK:
        raise Conflict(f"Item {item.id} is not archived yet. Ask once it is.")
    if item.state in CLOSED or item.restricted:
        raise Conflict(f"Item {item.id} is closed to everyone. Ask the archivist why, or leave it out.")
    if kind in OF_PAPER and item.missing:
        raise Conflict(f"The paper of item {item.id} is missing. Ask to read it instead.")
    if kind == "loan" and item.fragile and not policy.access.lend_fragile:
        raise Conflict(f"The paper of item {item.id} is fragile and does not leave the store. Ask to read it instead.")


def _go_on(session: Session, asked: AccessRequest, rule: AccessRule) -> Grant | None:
    """Asks whoever comes next, or grants."""
    matter = matter_of(session, asked)
    if decisions.standing_of(session, matter).open:
        if not approvers.ask_to_sign(session, asked, matter) and asked.escalated_at is None:
            _escalate(session, asked)
        return None
    grant = _grant(session, asked)
    if grant is None:
        _settle(asked, RequestState.VOID)
        approvers.tell(session, [asked.person_id], "access.void", asked)
        return None
    _settle(asked, RequestState.GRANTED)
    approvers.tell(session, [asked.person_id], "access.granted", asked)
    others = [each for each in notices.holders(session, rule.notify) if each != asked.person_id]
    approvers.tell(session, others, "access.told", asked)
    return grant


def _grant(session: Session, asked: AccessRequest) -> Grant | None:
    """For those of the items that are not being destroyed: at the same instant, destruction wins (hard case 12)."""
    ids = [line.item_id for line in asked.items]
    items = [session.get_one(Item, each, with_for_update=TO_SHOW) for each in sorted(ids)]
    items = [item for item in items if item.state not in CLOSED]
    if not items:
        return None
    moment = now()
    grant = Grant(
        person_id=asked.person_id,
        request_id=asked.id,
        kind=asked.kind,
        policy=asked.policy,
        copies=asked.copies,
        unmasked=not asked.masked,
        since=moment,
        until=moment + timedelta(days=asked.days),
    )
    session.add(grant)
    session.flush()
    session.add_all(GrantItem(grant_id=grant.id, item_id=item.id) for item in items)
    register.new_mark(session, grant.id)
    return grant


def _escalate(session: Session, asked: AccessRequest) -> None:
    asked.escalated_at = now()
    session.flush()
    approvers.ask_to_sign(session, asked, matter_of(session, asked))


def _enter_grant(session: Session, actor: Principal, grant: Grant | None, *, request: str | None) -> None:
    if grant is not None:
        told: dict[str, Any] = {
            "grant": grant.id,
            "access": grant.request_id,
            "person": grant.person_id,
            "policy": grant.policy,
        }
        journal.append(session, "grant.open", actor=actor.person_id, request=request, until=grant.until.isoformat(), **told)


def _settle(asked: AccessRequest, state: RequestState) -> None:
    asked.state, asked.decided_at = state, now()


def _require_open(asked: AccessRequest) -> None:
    if asked.state != RequestState.OPEN:
        raise Conflict(f"This request is {asked.state}; nothing can be done about it any more. Make a new one.")
