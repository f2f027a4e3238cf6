"""Lines, a few at a time, through every store. Each step may be done again: whoever is killed between two goes on with the next
and repeats at most one. ``at`` is told the name of each place at which a kill was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import holds, tombstones
from services.kernel.clock import now
from services.kernel.ledger import journal
from services.kernel.model import ItemState, advance
from services.kernel.queue.jobs import Lease
from services.kernel.removal import inventory, jobs, objects, rows
from services.kernel.tables import Item
from services.kernel.tombstones import Tombstone
from services.retention.batches import gate, leaving
from services.retention.batches.model import LineState, Obstacle, advance_line
from services.retention.batches.tables import DestructionBatch, DestructionLine
from services.retention.destruction import repository
from services.retention.destruction.stores import Stores

At = Callable[[str], None]
LOCKED = "locked"
"""Why a line failed: an object is locked for longer than the item may be kept."""


@dataclass(frozen=True, slots=True)
class Which:
    """So many lines in this state, behind a position of the batch."""

    state: LineState
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Doomed:
    """A line whose item has become DESTROYING, from where it only goes on."""

    item_id: str
    tombstone: Tombstone

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.tombstone.objects]


def destroy(lease: Lease, stores: Stores, batch_id: str, these: Which, at: At) -> tuple[int, int]:
    """Takes the next lines through all stores; returns how many there were and the position of the last."""
    at("chunk")
    with lease.progress() as session:
        count, last, doomed = _enter(session, batch_id, these, at)
        at("enter: inside")
    at("enter: done")
    if doomed:
        _lay_down(lease, stores, doomed, at)
        _stop_jobs(lease, doomed, at)
        at("index: before")
        stores.index.delete([each.item_id for each in doomed], expunge=False)
        at("index: deleted")
        locked = _remove_objects(stores, doomed, at)
        for each in doomed:
            if each.item_id in locked:
                _fail(lease, batch_id, each, locked[each.item_id])
            else:
                _finish(lease, batch_id, each, at)
    at("chunk: done")
    return count, last


def _enter(session: Session, batch_id: str, these: Which, at: At) -> tuple[int, int, list[Doomed]]:
    """The transaction that decides: what is held, lent, missing, granted or changed leaves the batch and lives on; of all
    others the tombstone is raised, after which there is no way back. Rows are locked in one order, the ledger's head last."""
    batch = session.get_one(DestructionBatch, batch_id)
    lines = repository.next_lines(session, batch_id, these.state, after=these.after, limit=these.limit)
    ids = sorted(line.item_id for line in lines)
    holds.catch_up(session, ids)
    locked = select(Item).where(Item.id.in_(ids)).order_by(Item.id).with_for_update(key_share=True)
    items = {item.id: item for item in session.scalars(locked.execution_options(populate_existing=True))}
    blocked = _blocked(session, lines, items) if these.state is LineState.LISTED else {}
    begins = []
    for line in lines:
        if line.item_id in blocked:
            continue
        item = items[line.item_id]
        if line.state != LineState.DESTROYING:
            line.state, line.obstacle = advance_line(LineState(line.state), LineState.DESTROYING), None
        if item.state == ItemState.APPROVED:
            item.state = advance(ItemState.APPROVED, ItemState.DESTROYING)
            begins.append((item, inventory.of(session, item)))
        at("enter: line")
    by_reason: dict[Obstacle, list[str]] = {}
    for item_id, reason in blocked.items():
        by_reason.setdefault(reason, []).append(item_id)
    for reason, some in by_reason.items():
        leaving.take_out(session, batch, some, reason)
    for reason, some in by_reason.items():
        leaving.enter(session, batch, some, reason, actor=None, request=None)
    for item, held in begins:
        tombstones.raise_for(
            session,
            item.id,
            batch=batch_id,
            keys=held.keys,
            objects=held.objects,
            files=held.files,
            actor=batch.executed_by,
        )
    return (
        len(lines),
        lines[-1].position if lines else these.after,
        [Doomed(each, session.get_one(Tombstone, each)) for each in ids if each not in blocked],
    )


def _blocked(session: Session, lines: Sequence[DestructionLine], items: Mapping[str, Item]) -> dict[str, Obstacle]:
    """What may not be destroyed now, by item. Rows are locked: whoever would hold, lend or grant one
    waits, and then finds it gone."""
    old = gate.stale(session, lines) | {each for each, item in items.items() if item.state != ItemState.APPROVED}
    return dict.fromkeys(old, Obstacle.STALE) | gate.flags(session, items.values())


def _lay_down(lease: Lease, stores: Stores, doomed: Sequence[Doomed], at: At) -> None:
    """Nothing is removed before it is told outside the archive that it will be."""
    fresh = [each.tombstone for each in doomed if not each.tombstone.outside]
    for tombstone in sorted(fresh, key=lambda each: each.number):
        at("tombstone: before")
        tombstones.lay_down(stores.outside, tombstone)
        at("tombstone: laid")
    with lease.progress() as session:
        for tombstone in fresh:
            session.get_one(Tombstone, tombstone.item_id).outside = True
        at("tombstone: inside")
    at("tombstone: noted")


def _stop_jobs(lease: Lease, doomed: Sequence[Doomed], at: At) -> None:
    with lease.progress() as session:
        jobs.stop(session, [each.item_id for each in doomed])
        at("jobs: inside")
    at("jobs: stopped")


def _remove_objects(stores: Stores, doomed: Sequence[Doomed], at: At) -> dict[str, str]:
    """Returns what stands in the way, by item."""
    locked = {}
    for each in doomed:
        for name in each.names:
            at("object: before")
            if refused := objects.remove(stores.kernel.objects.store, [name]):
                locked[each.item_id] = refused[name]
            at("object: removed")
    at("objects: done")
    return locked


def _finish(lease: Lease, batch_id: str, each: Doomed, at: At) -> None:
    """The catalogue's part, and the data keys last, with the entry that tells of it: all of it or nothing."""
    at("line: before")
    with lease.progress() as session:
        tombstone = session.get_one(Tombstone, each.item_id)
        rows.clear(session, each.item_id, objects=each.names, files=tombstone.files)
        at("line: rows")
        rows.destroy_keys(session, tombstone.keys)
        at("line: keys")
        line = session.get_one(DestructionLine, (batch_id, each.item_id))
        line.state, line.ended_at = advance_line(LineState(line.state), LineState.DESTROYED), now()
        tombstone.destroyed_at = line.ended_at
        told: dict[str, Any] = {
            "batch": batch_id,
            "tombstone": tombstone.number,
            "objects": len(each.names),
            "keys": len(tombstone.keys),
        }
        journal.append(session, "item.destroy", actor=None, item=each.item_id, **told)
        at("line: inside")
    at("line: done")


def _fail(lease: Lease, batch_id: str, each: Doomed, reason: str) -> None:
    with lease.progress() as session:
        line = session.get_one(DestructionLine, (batch_id, each.item_id))
        line.state, line.obstacle = advance_line(LineState(line.state), LineState.FAILED), LOCKED
        journal.append(session, "destruction.fail", actor=None, item=each.item_id, batch=batch_id, reason=reason)
