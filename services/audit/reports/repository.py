"""What the reports count."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from services.audit.entries import repository
from services.audit.entries.repository import Filters
from services.audit.tables import AuditMention
from services.kernel.approvals.tables import Approval
from services.kernel.grants.tables import Grant
from services.kernel.ledger.tables import LedgerEntry

CONTENT = ("page.read", "pdf.read", "text.read", "copy.read", "copy.make", "check.see")
"""Acts in which content was seen."""
CATALOGUE = ("item.show", "item.history", "file.show", "handover.show", "consult.answer", "search", "field.reveal")
"""Acts in which something of an item was seen."""
SEEING = CONTENT + CATALOGUE
HOUR = len("2026-03-02T09")


def readers_of(session: Session, filters: Filters) -> list[Row[Any]]:
    """By person and act: how often the items of a customer were seen, how many of them, first and last. The customer is given
    by the id of a party, or by an item that names them."""
    items = repository.items_of_party(session, filters.party) if filters.party else []
    items += repository.items_of_parties_of(session, filters.item) if filters.item else []
    named = select(AuditMention.position, AuditMention.subject).where(
        AuditMention.kind == "item", AuditMention.subject.in_(items)
    )
    mention = named.subquery()
    query = _seeing(filters).join(mention, mention.c.position == LedgerEntry.position)
    times, seen = func.count(LedgerEntry.position.distinct()), func.count(mention.c.subject.distinct())
    grouped = query.with_only_columns(LedgerEntry.actor, LedgerEntry.act, times, seen, *_span())
    return list(session.execute(grouped.group_by(LedgerEntry.actor, LedgerEntry.act)))


def seen_by(session: Session, person: str, filters: Filters) -> list[Row[Any]]:
    """By item and act: how often this person saw it, first and last."""
    mention = select(AuditMention.position, AuditMention.subject).where(AuditMention.kind == "item").subquery()
    query = _seeing(filters).where(LedgerEntry.actor == person).join(mention, mention.c.position == LedgerEntry.position)
    grouped = query.with_only_columns(mention.c.subject, LedgerEntry.act, func.count(), *_span())
    return list(session.execute(grouped.group_by(mention.c.subject, LedgerEntry.act)))


def reads_by_hour(session: Session, filters: Filters, acts: Collection[str]) -> list[Row[Any]]:
    """By person and hour (UTC, as the ledger writes it): how often something was seen, and how many items."""
    hour = func.substr(LedgerEntry.at, 1, HOUR)
    query = _within(filters).where(LedgerEntry.act.in_(acts), LedgerEntry.actor.is_not(None))
    first, last = _span()
    times, span = func.count().label("times"), (first.label("first"), last.label("last"))
    grouped = query.with_only_columns(LedgerEntry.actor, hour.label("hour"), times, *span)
    return list(session.execute(grouped.group_by(LedgerEntry.actor, hour).order_by(hour, LedgerEntry.actor)))


def unused_grants(session: Session, before: datetime, moment: datetime) -> list[Grant]:
    """Given before that, never used; ended or not."""
    query = select(Grant).where(Grant.first_used_at.is_(None), or_(Grant.since < before, Grant.until <= moment))
    return list(session.scalars(query.order_by(Grant.since, Grant.id)))


def approvals_by_delegates(session: Session, since: datetime | None, until: datetime | None) -> list[Approval]:
    span = [Approval.at >= since if since else None, Approval.at < until if until else None]
    query = select(Approval).where(Approval.for_id.is_not(None), *[each for each in span if each is not None])
    return list(session.scalars(query.order_by(Approval.at, Approval.id)))


def _seeing(filters: Filters) -> Select[Any]:
    return _within(filters).where(LedgerEntry.act.in_(SEEING))


def _within(filters: Filters) -> Select[Any]:
    bounds = [LedgerEntry.at >= filters.since] if filters.since else []
    bounds += [LedgerEntry.at < filters.until] if filters.until else []
    return select(LedgerEntry).where(and_(True, *bounds))


def _span() -> tuple[Any, Any]:
    return func.min(LedgerEntry.at), func.max(LedgerEntry.at)
