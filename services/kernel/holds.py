"""Holds (保留, 冻结): each blocks every kind of removal of what it is placed on.

Several may lie on one item; ``Item.holds`` counts those that reach it, so that whoever removes anything asks one column in the
transaction that removes. What comes into a hold's scope later inherits it: from a customer's file and from a party at once,
from a query when it is asked again, which the daily run does and whoever removes (``catch_up``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import JSON, ColumnElement, ForeignKey, LargeBinary, Select, String, delete, literal, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel.casefiles import CaseFileItem
from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.dialects import insert_once, upsert
from services.kernel.ids import new_id
from services.kernel.model import ItemState
from services.kernel.tables import Item, Party

TOO_LATE = frozenset({ItemState.DESTROYING, ItemState.DESTROYED, ItemState.TRANSFERRED})
AT_ONCE = 2_000


class Hold(Base):
    """``scope`` is ``item``, ``file`` (a customer's file), ``party`` (a subject: whoever several parties were found to be) or
    ``query``; ``target`` the id, or the digest of the query or of the list of items. ``details`` are the query's criteria.
    ``reason_sealed`` is under the hold's own data key."""

    __tablename__ = "holds"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    scope: Mapped[str] = mapped_column(String(8))
    target: Mapped[str] = mapped_column(String(64), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    details: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    placed_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    remind_on: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    release_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Why it was released."""


class HoldItem(Base):
    """An item that a live hold reaches; the row goes when the hold is released."""

    __tablename__ = "hold_items"

    hold_id: Mapped[str] = mapped_column(ForeignKey("holds.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)


def inherit(session: Session, scope: str, target: str, item: Item) -> int:
    """An item comes into the scope of what may be held: each live hold on it reaches the item from now on. Returns how many."""
    live = select(Hold.id).where(Hold.scope == scope, Hold.target == target, Hold.released_at.is_(None))
    reached = sum(insert_once(session, HoldItem, hold_id=each, item_id=item.id) for each in session.scalars(live).all())
    item.holds += reached
    return reached


def merge(session: Session, drop: str, keep: str) -> None:
    """Two subjects are found to be one: live holds on the one that goes lie on the other from now on."""
    live = (Hold.scope == "party", Hold.target == drop, Hold.released_at.is_(None))
    session.execute(update(Hold).where(*live).values(target=keep))


def within(scope: str, target: str, details: Mapping[str, str]) -> Select[str]:
    """The ids of the items that lie in a scope at this moment."""
    match scope:
        case "file":
            return select(CaseFileItem.item_id).where(CaseFileItem.file_id == target)
        case "party":
            return select(Party.item_id).where(Party.subject_id == target)
        case "query":
            return select(Item.id).where(*matching(details))
        case _:
            return select(Item.id).where(Item.id == target)


def matching(criteria: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """What the criteria of a query ask of an item: ``type``, ``business_type``, ``customer_type``, ``department`` and
    ``batch_id`` alike, ``reference_code`` by its beginning, ``received_from`` and ``received_until`` (ISO 8601, the latter not
    included) by when it came in."""
    asked: list[ColumnElement[bool]] = []
    for name, value in criteria.items():
        match name:
            case "reference_code":
                asked.append(Item.reference_code.startswith(value, autoescape=True))
            case "received_from":
                asked.append(Item.created_at >= datetime.fromisoformat(value))
            case "received_until":
                asked.append(Item.created_at < datetime.fromisoformat(value))
            case _:
                asked.append(getattr(Item, name) == value)
    return asked


def reach(session: Session, hold: Hold, item_ids: Select[str]) -> int:
    """The hold reaches these items from now on, but for those that it reaches already and those whose destruction has begun.
    Returns how many."""
    held = select(HoldItem.item_id).where(HoldItem.hold_id == hold.id)
    fresh = select(literal(hold.id), Item.id).where(Item.id.in_(item_ids), Item.id.not_in(held), Item.state.not_in(TOO_LATE))
    added = upsert(session, HoldItem).from_select(["hold_id", "item_id"], fresh).on_conflict_do_nothing()
    ids = sorted(session.scalars(added.returning(HoldItem.item_id)).all())
    return sum(_count(session, hold, ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE))


def catch_up(session: Session, item_ids: Collection[str] | None = None) -> int:
    """Asks every live query again, of these items or of all: what has come into its scope is held. To be called in the
    transaction that removes, before ``Item.holds`` is believed. Returns how many items were reached."""
    live = select(Hold).where(Hold.scope == "query", Hold.released_at.is_(None)).order_by(Hold.id)
    reached = 0
    for hold in session.scalars(live).all():
        found = within(hold.scope, hold.target, hold.details)
        reached += reach(session, hold, found if item_ids is None else found.where(Item.id.in_(item_ids)))
    return reached


def let_go(session: Session, hold: Hold) -> int:
    """The hold reaches nothing any more. Returns how many items it did reach."""
    ids = sorted(session.scalars(select(HoldItem.item_id).where(HoldItem.hold_id == hold.id)).all())
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        session.execute(update(Item).where(Item.id.in_(some)).values(holds=Item.holds - 1))
    session.execute(delete(HoldItem).where(HoldItem.hold_id == hold.id))
    return len(ids)


def _count(session: Session, hold: Hold, ids: Sequence[str]) -> int:
    """Counts the hold on each item. A destruction that began a moment ago was first."""
    reached = update(Item).where(Item.id.in_(ids), Item.state.not_in(TOO_LATE)).values(holds=Item.holds + 1)
    counted = set(session.scalars(reached.returning(Item.id)).all())
    if late := [each for each in ids if each not in counted]:
        session.execute(delete(HoldItem).where(HoldItem.hold_id == hold.id, HoldItem.item_id.in_(late)))
    return len(counted)
