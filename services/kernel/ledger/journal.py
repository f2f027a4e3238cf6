"""Writing the ledger. An entry is appended in the transaction of the act that it tells of: no entry, no act.

The head is one row, and whoever appends holds it until the transaction ends: so positions have no gap. Everybody waits for it,
so it is taken last: an act does its work, then appends, then commits. Nothing that can be waited for is taken after it, so that
no two transactions ever wait for each other.

Entries name people, items and grants by id and never hold personal data, so that a destroyed item leaves none behind.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.whence import whence

HEAD = 1


def append(
    session: Session,
    act: str,
    *,
    actor: str | None,
    item: str | None = None,
    request: str | None = None,
    result: str = "ok",
    **details: Any,
) -> int:
    """Adds one entry and returns its position, from 0. ``act`` is ``<thing>.<verb>``, such as ``page.read``; ``actor`` is
    the person's id, or None where the archive itself acts; ``request`` the request id; ``details`` are JSON without
    personal data, by reference: ``for`` the person for whom it was done (by delegation), ``items``, ``page``, ``grant`` and
    ``access`` (its request), ``policy`` the version it was done under. The client's address is added where there is one."""
    session.flush()  # with the locks that it needs
    head = session.get(LedgerHead, HEAD, with_for_update=TO_CHANGE)
    assert head is not None, "the first migration writes the head"
    at = now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    entry = {"position": head.size, "at": at, "actor": actor, "act": act, "item": item, "request": request, "result": result}
    origin = whence()
    data = canonical(entry | ({"from": origin} if origin else {}) | ({"details": details} if details else {}))
    leaf = leaf_hash(data)
    tree = tree_at(head).append(leaf)
    session.add(
        LedgerEntry(position=head.size, at=at, actor=actor, act=act, item_id=item, data=data, leaf_hash=leaf),
    )
    head.size, head.peaks = tree.size, tree.to_bytes()
    session.flush()
    return tree.size - 1


def length(session: Session) -> int:
    """How many entries there are at this moment."""
    return session.get_one(LedgerHead, HEAD).size


def tree_at(head: LedgerHead) -> Tree:
    return Tree.from_bytes(head.size, head.peaks)


def canonical(entry: dict[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8: the exact bytes of the leaf."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
