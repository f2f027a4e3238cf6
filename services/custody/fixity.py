"""Fixity: every stored object is re-read and held against the digest that the catalogue keeps of it (rules.md, behaviour 18).
The ciphertext is checked, so that no key is needed and nothing is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from services.kernel.core import Kernel
from services.kernel.errors import NotFound, Unavailable
from services.kernel.ledger import journal
from services.kernel.tables import Blob

PIECE = 1 << 20
ROWS = 500


@dataclass(frozen=True, slots=True)
class Damage:
    """An object that is not what was stored. ``reason`` is ``missing``, ``changed`` or ``unreadable``."""

    name: str
    reason: str


@dataclass(slots=True)
class Tally:
    """How a run went; filled while its damages are read."""

    objects: int = 0
    damaged: int = 0


def verify_all(kernel: Kernel, tally: Tally) -> Iterator[Damage]:
    """Re-reads every object, oldest first, and yields those that fail; at the end the run is on the ledger."""
    last = ""
    while True:
        with kernel.database.read() as session:
            query = select(Blob.id, Blob.name, Blob.stored_sha256).where(Blob.id > last).order_by(Blob.id).limit(ROWS)
            rows = session.execute(query).all()
        if not rows:
            break
        last = rows[-1].id
        for _, name, expected in rows:
            tally.objects += 1
            reason = _fault(kernel, name, expected)
            if reason is not None:
                tally.damaged += 1
                yield Damage(name, reason)
    with kernel.database.write() as session:
        result = "damaged" if tally.damaged else "ok"
        journal.append(session, "fixity.run", actor=None, result=result, objects=tally.objects, damaged=tally.damaged)


def _fault(kernel: Kernel, name: str, expected: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with kernel.objects.store.open(name) as source:
            while piece := source.read(PIECE):
                digest.update(piece)
    except NotFound:
        return "missing"
    except (Unavailable, OSError):  # a bad sector ends no run; what lies behind it is looked at too
        return "unreadable"
    return None if digest.hexdigest() == expected else "changed"
