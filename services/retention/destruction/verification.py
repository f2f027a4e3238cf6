"""The look by another way: not what was told to go is asked for, but whether anything is left. Objects by a listing of the
whole store and by each name's versions; the catalogue by its own description of itself; keys by their bytes; the index in its
files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, MetaData, Table, func, select
from sqlalchemy.orm import Session

from services.kernel import tombstones
from services.kernel.errors import MunimentError
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.pieces import pieces
from services.kernel.removal import inventory, jobs, objects, sediment
from services.kernel.removal.fates import FATES, GONE
from services.kernel.tables import DataKey
from services.kernel.tombstones import Tombstone
from services.retention.destruction import repository
from services.retention.destruction.lines import At
from services.retention.destruction.stores import Finding, Stores

KEYLESS = ("phash", "sha256", "lookup", "value")
"""Columns that tell of content without a key, besides those whose names end in ``_sealed``."""


def look(stores: Stores, batch_id: str, at: At) -> list[Finding]:
    """Searches every store for what the batch destroyed; some tombstones in memory at a time."""
    found = {each.store: each for each in _at_once(stores, batch_id, at)}
    unnamed = set(_unnamed(stores))
    at("verify: listing")
    with stores.kernel.database.read() as session:
        described = MetaData()
        described.reflect(session.connection())
    for stones in repository.tombstones(stores.kernel.database, batch_id):
        with stores.kernel.database.read() as session:
            seen = [_catalogue(session, described, stones), _keys(session, stones)]
        seen += [_objects(stores, stones, unnamed), _outside(stores, stones), *(probe(stones) for probe in stores.probes)]
        for each in seen:
            found[each.store] = each.after(found.get(each.store))
        at("verify: some")
    return list(found.values())


def is_purged(session: Session, batch_id: str) -> bool:
    """Whether the catalogue's files were written anew since the last line's key was destroyed."""
    its = select(Tombstone.item_id).where(Tombstone.batch_id == batch_id)
    destroyed = select(func.max(LedgerEntry.position)).where(LedgerEntry.act == "item.destroy", LedgerEntry.item_id.in_(its))
    last = session.scalar(destroyed)
    if last is None:
        return True
    later = select(LedgerEntry.data).where(LedgerEntry.act == sediment.ACT, LedgerEntry.position > last)
    return any(json.loads(data)["details"]["since"] > last for data in session.scalars(later))


def _at_once(stores: Stores, batch_id: str, at: At) -> Iterator[Finding]:
    """What is asked about all of the batch in one go."""
    with stores.kernel.database.read() as session:
        ids = repository.item_ids(session, batch_id)
        queued = jobs.left(session, ids)
        purged = is_purged(session, batch_id)
        copies = repository.copies(session, batch_id)
    yield Finding("queue", len(ids), ["jobs about items"] * queued, "jobs; broker messages name no item")
    left = [] if purged else ["deleted rows in the catalogue's files"]
    yield Finding("catalogue files", 1, left, "free pages and write-ahead log, written anew after the last key was destroyed")
    open_ = [f"copy {copy.id}: {copy.state}" for copy in copies if not copy.gone]
    yield Finding("copies", len(copies), open_, "tracked copies, each seen destroyed by a witness")
    at("verify: queue")
    yield Finding("index", len(ids), stores.index.residue(ids), "all generations, their terms and their slack")
    at("verify: index")


def _unnamed(stores: Stores) -> Iterator[str]:
    """All objects of the store that no row names: what was destroyed would be among them."""
    for names in pieces(stores.kernel.objects.store.names()):
        with stores.kernel.database.read() as session:
            known = set(inventory.known(session, names))
        yield from (name for name in names if name not in known)


def _objects(stores: Stores, stones: Sequence[Tombstone], unnamed: set[str]) -> Finding:
    names = [name for stone in stones for name, _ in stone.objects]
    left = [f"{name}: listed" for name in names if name in unnamed] + objects.left(stores.kernel.objects.store, names)
    return Finding(
        "objects", len(names), left, "each name's versions, delete markers and uploads; a listing of the whole store"
    )


def _catalogue(session: Session, described: MetaData, stones: Sequence[Tombstone]) -> Finding:
    """Every table that the database itself says refers to items or files, whatever the program knows of it."""
    left = [
        told
        for table in described.sorted_tables
        for column, ids in _referring(table, stones)
        for some in pieces(ids)
        for told in _told_by(session, table, column, some)
    ]
    return Finding("catalogue", len(stones), left, "every table that refers to items or files, as the database tells of itself")


def _keys(session: Session, stones: Sequence[Tombstone]) -> Finding:
    keys = sorted({key for stone in stones for key in stone.keys})
    left: list[str] = []
    for some in pieces(keys):
        left += session.scalars(select(DataKey.id).where(DataKey.id.in_(some), DataKey.wrapped.is_not(None)))
    return Finding("keys", len(keys), [f"key {key}" for key in left], "wrapped data keys")


def _outside(stores: Stores, stones: Sequence[Tombstone]) -> Finding:
    left = []
    for stone in stones:
        try:
            with stores.outside.open(stone.name) as source:
                if source.read() != tombstones.to_bytes(stone):
                    left.append(f"{stone.name}: another")
        except MunimentError as error:
            left.append(f"{stone.name}: {error.code}")
    return Finding("tombstones", len(stones), left, "read back from outside the archive; none is missing or changed")


def _referring(table: Table, stones: Sequence[Tombstone]) -> Iterator[tuple[Column[Any], list[str]]]:
    items, files = [stone.item_id for stone in stones], [file for stone in stones for file in stone.files]
    if table.name == "items":
        yield table.c.id, items
    elif table.name == "files":
        yield table.c.id, files
    elif "item_id" in table.c and "key_id" not in table.c:  # what has a key of its own is no part of the item
        yield table.c.item_id, items


def _told_by(session: Session, table: Table, column: Column[Any], ids: Sequence[str]) -> Iterator[str]:
    if FATES.get(table.name) == GONE:
        if count := session.scalar(select(func.count()).select_from(table).where(column.in_(ids))):
            yield f"{count} rows in {table.name}"
        return
    for each in table.c:
        if each.name.endswith("_sealed") or each.name in KEYLESS:
            filled = select(func.count()).where(column.in_(ids), each.is_not(None), func.length(each) > 0)
            if count := session.scalar(filled):
                yield f"{count} values in {table.name}.{each.name}"
