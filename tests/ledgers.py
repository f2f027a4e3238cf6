"""Ledgers for tests, without the archive around them, and much faster than an archive writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from services.kernel.db import Database
from services.kernel.ledger import journal
from services.kernel.ledger.merkle import leaf_hash
from services.kernel.ledger.tables import LedgerEntry, LedgerHead

BEGINNING = datetime(2026, 3, 2, 1, tzinfo=UTC)


def grow(database: Database, count: int, act: str = "page.read") -> None:
    """Appends so many entries, a minute apart, in one transaction."""
    with database.write() as session:
        head = session.get_one(LedgerHead, journal.HEAD)
        tree, rows = journal.tree_at(head), []
        for position in range(head.size, head.size + count):
            at = (BEGINNING + timedelta(minutes=position)).isoformat(timespec="microseconds").replace("+00:00", "Z")
            told = {"at": at, "actor": f"person-{position % 7}", "act": act, "item": f"item-{position % 50}"}
            more = {"request": f"request-{position}", "result": "ok", "details": {"page": position % 3 + 1}}
            data = journal.canonical({"position": position} | told | more)
            leaf = leaf_hash(data)
            tree = tree.append(leaf)
            columns = {"at": at, "actor": told["actor"], "act": act, "item_id": told["item"]}
            rows.append({"position": position, "data": data, "leaf_hash": leaf} | columns)
        if rows:
            session.execute(insert(LedgerEntry), rows)
        head.size, head.peaks = tree.size, tree.to_bytes()
