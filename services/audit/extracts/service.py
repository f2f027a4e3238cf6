"""Rows of an extract: what an entry says in columns, the entry exactly as it was hashed, and its proof (C2SP tlog-proof), so
that each row proves itself, offline and by any tool. That none was left out only the whole ledger proves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.audit.entries import repository
from services.audit.entries.repository import Filters
from services.audit.proofs.service import Prover
from services.kernel.errors import TooLarge
from services.kernel.ledger.journal import canonical
from services.kernel.ledger.note import Signer
from services.kernel.ledger.tables import LedgerEntry

COLUMNS = (
    *("position", "at", "actor", "actor_name", "act", "item", "reference_code", "request", "result", "from", "details"),
    *("entry", "proof"),
)
MOST = 20_000


def require_few(session: Session, filters: Filters) -> int:
    """How many entries an extract would have. Raises ``TooLarge``."""
    wanted = repository.entries(filters, session).with_only_columns(LedgerEntry.position).limit(MOST + 1).subquery()
    count = session.scalar(select(func.count()).select_from(wanted)) or 0
    if count > MOST:
        raise TooLarge(f"An extract has at most {MOST:,} entries. Narrow it by time, or take the whole ledger.")
    return count


def rows(session: Session, signer: Signer, filters: Filters) -> Iterator[dict[str, Any]]:
    """Oldest first. ``session`` must hold still."""
    prover = Prover(session, signer)
    query = repository.entries(filters, session).order_by(LedgerEntry.position).limit(MOST)
    for found in session.scalars(query.execution_options(yield_per=500)).partitions():
        told = [json.loads(row.data) for row in found]
        people = repository.names(session, {entry["actor"] for entry in told if entry["actor"]})
        codes = repository.codes(session, {entry["item"] for entry in told if entry["item"]})
        yield from _rows(prover, found, told, people | codes)


def _rows(
    prover: Prover, found: Sequence[LedgerEntry], told: list[dict[str, Any]], called: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for row, entry in zip(found, told, strict=True):
        details = canonical(entry["details"]).decode() if "details" in entry else None
        names = {"actor_name": called.get(entry["actor"]), "reference_code": called.get(entry["item"])}
        proof = prover.prove(row.position, row.data, whole=False)
        yield entry | names | {"details": details, "entry": row.data.decode(), "proof": proof.to_text()}
