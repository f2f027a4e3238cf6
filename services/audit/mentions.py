"""Who and what each entry names, written down so that it can be asked for. The scheduler does it as entries come, and whoever
asks does the rest first: so an answer lacks nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from services.audit.tables import AuditMention, AuditProgress
from services.kernel.db import Database
from services.kernel.dialects import TO_CHANGE
from services.kernel.ledger.tables import LedgerEntry

ONE = 1
AT_ONCE = 2_000
LONGEST = 36
NAMED: Mapping[str, tuple[str, ...]] = {
    "person": ("for", "person", "to", "taker", "giver", "holder", "borrower"),
    "item": ("items", "item"),
    "party": ("party", "other", "subject"),
    "access": ("access",),
    "grant": ("grant",),
}
"""By kind, the details of an entry that name such a thing; actor and item stand outside the details."""


def catch_up(database: Database) -> bool:
    """Writes what the next entries name, if there are any; whether there may be more."""
    with database.read() as session:
        if not _next(session, session.get_one(AuditProgress, ONE).done, 1):
            return False
    with database.write() as session:
        progress = session.get_one(AuditProgress, ONE, with_for_update=TO_CHANGE)
        entries = _next(session, progress.done, AT_ONCE)
        rows = [
            {"kind": kind, "subject": subject, "position": position}
            for position, data in entries
            for kind, subject in sorted(set(mentions(json.loads(data))))
        ]
        if rows:
            session.execute(insert(AuditMention), rows)
        if entries:
            progress.done = entries[-1][0] + 1
        return len(entries) == AT_ONCE


def catch_up_whole(database: Database) -> None:
    while catch_up(database):
        pass


def mentions(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and id of everything that an entry names."""
    details = entry.get("details") or {}
    told = [("person", entry.get("actor")), ("item", entry.get("item"))]
    told += [(kind, details.get(name)) for kind, names in NAMED.items() for name in names]
    for kind, value in told:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and 0 < len(each) <= LONGEST:
                yield kind, each


def _next(session: Session, done: int, most: int) -> list[tuple[int, bytes]]:
    """The entries from ``done`` on; one that is missing was removed, and is for verification to find."""
    query = select(LedgerEntry.position, LedgerEntry.data).where(LedgerEntry.position >= done)
    return [(row.position, row.data) for row in session.execute(query.order_by(LedgerEntry.position).limit(most))]
