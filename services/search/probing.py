"""Looking somebody up by a number is an act of its own: on the ledger before it is done, and so many times an hour (rule 17).

Whoever tries numbers one after another, to learn whose papers are here, is stopped and stands there with all tries. The count
is the ledger's own, so it is one for all processes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.errors import TooMany
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.policy import versions

WINDOW = timedelta(hours=1)
LOOKED_UP, REFUSED = "identifier.lookup", "identifier.refuse"


def enter(kernel: Kernel, principal: Principal, wanted: int, *, request: str) -> None:
    """Raises ``TooMany`` where this person has looked up as many in the last hour as policy lets them."""
    actor = principal.person_id
    try:
        with kernel.database.write() as session:  # entered first: whoever comes at the same time waits, and is counted
            journal.append(session, LOOKED_UP, actor=actor, request=request, count=wanted)
            _hold_to(session, principal, versions.current(session).policy.access.most_lookups_an_hour)
    except TooMany:
        with kernel.database.write() as session:
            journal.append(session, REFUSED, actor=actor, request=request, result="refused", count=wanted)
        raise


def _hold_to(session: Session, principal: Principal, most: int) -> None:
    moment = now()
    query = select(LedgerEntry.at, LedgerEntry.data).where(
        LedgerEntry.actor == principal.person_id, LedgerEntry.act == LOOKED_UP, LedgerEntry.at >= _written(moment - WINDOW)
    )
    done = [(at, json.loads(data)["details"]["count"]) for at, data in session.execute(query.order_by(LedgerEntry.position))]
    over = sum(count for _, count in done) - most
    if over <= 0:
        return
    freed, free_at = 0, moment + WINDOW
    for at, count in done[:-1]:  # the last is this one
        freed += count
        if freed >= over:
            free_at = datetime.fromisoformat(at) + WINDOW
            break
    seconds = max(1, int((free_at - moment).total_seconds()) + 1)
    raise TooMany(
        f"People are looked up by number {most} times an hour at most. This is noted; go on in {-(-seconds // 60)} minutes, "
        "search for words meanwhile, or talk to the archivist.",
        code="too-many-lookups",
        retry_after=seconds,
    )


def _written(moment: datetime) -> str:
    """As the ledger writes times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
