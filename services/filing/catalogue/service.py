"""The rows of the catalogue, masked for whom the content is not open to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE
from services.kernel.errors import InvalidInput
from services.kernel.identity.rights import Principal, Scope
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.policy.model import Policy
from services.kernel.tables import Item, Page

FILED = (ItemState.ARCHIVED, ItemState.DUE, ItemState.IN_BATCH, ItemState.APPROVED)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of the catalogue is wanted; None is everything."""

    type: str | None = None
    business_type: str | None = None
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line: ``number`` counts the lines (序号), ``filed_on`` is the day on which the item came in."""

    number: int
    item_id: str
    reference_code: str
    title: str
    type: str
    type_title: str
    period: str
    retention: str
    received_on: str
    pages: int
    state: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def page(
    session: Session, vault: Vault, principal: Principal, narrowing: Narrowing, *, after: str | None, limit: int
) -> tuple[list[Row], bool]:
    """So many rows after an item, in the order of their numbers, and whether there are more."""
    query = _query(principal, narrowing)
    first = 1
    if after is not None:
        last = session.get(Item, after)
        if last is None or last.reference_code is None:
            raise InvalidInput("The cursor is not one of ours. Start again without it.")
        behind = or_(
            Item.reference_code > last.reference_code, and_(Item.reference_code == last.reference_code, Item.id > last.id)
        )
        first += session.scalar(select(func.count()).select_from(query.where(~behind).subquery())) or 0
        query = query.where(behind)
    items = session.scalars(query.limit(limit + 1)).all()
    return rows(session, vault, principal, items[:limit], first=first), len(items) > limit


def everything(session: Session, vault: Vault, principal: Principal, narrowing: Narrowing, *, most: int) -> list[Row]:
    """All rows. Raises ``InvalidInput`` where there are more than ``most``."""
    items = session.scalars(_query(principal, narrowing).limit(most + 1)).all()
    if len(items) > most:
        raise InvalidInput(f"These are more than {most:,} lines. Narrow the catalogue by type, business type or series.")
    return rows(session, vault, principal, items)


def rows(session: Session, vault: Vault, principal: Principal, items: Sequence[Item], *, first: int = 1) -> list[Row]:
    policy = versions.current(session).policy
    named = titles.shown(session, vault, principal, items)
    pages = _pages(session, [item.id for item in items])
    return [_row(policy, item, number, named[item.id], pages.get(item.id, 0)) for number, item in enumerate(items, first)]


def _query(principal: Principal, narrowing: Narrowing) -> Select[Item]:
    query = select(Item).where(Item.state.in_(FILED)).order_by(Item.reference_code, Item.id)
    if principal.scope is not Scope.ALL:
        query = query.where(Item.owner_id == principal.person_id)
    if narrowing.type is not None:
        query = query.where(Item.type == narrowing.type)
    if narrowing.business_type is not None:
        query = query.where(Item.business_type == narrowing.business_type)
    if narrowing.series is not None:
        query = query.where(Item.reference_code.startswith(f"{narrowing.series}-", autoescape=True))
    return query


def _pages(session: Session, item_ids: Sequence[str]) -> dict[str, int]:
    query = select(Page.item_id, func.count()).where(Page.item_id.in_(item_ids)).group_by(Page.item_id)
    return {item_id: count for item_id, count in session.execute(query)}  # noqa: C416 - rows are no tuples


def _row(policy: Policy, item: Item, number: int, title: str, pages: int) -> Row:
    rule = policy.type_of(item.type)
    return Row(
        number=number,
        item_id=item.id,
        reference_code=item.reference_code or "",
        title=title,
        type=item.type or "other",
        type_title=rule.title,
        period=rule.period,
        retention=rule.retention,
        received_on=item.created_at.astimezone(OFFICE).date().isoformat(),
        pages=pages,
        state=item.state,
    )
