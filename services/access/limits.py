"""How much one person may open in a day under grants (behaviour 10): beyond it, reading is carrying off."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.clock import OFFICE, now
from services.kernel.errors import Forbidden
from services.kernel.grants.opening import Ground
from services.kernel.identity.rights import Principal
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.policy import versions

READS = ("page.read", "pdf.read", "text.read")
BREACH = "mass-reading"


def hold_to(session: Session, principal: Principal, why: Ground) -> None:
    """Raises ``Forbidden`` with the code ``mass-reading`` once policy's measure of the day is full. Duty has none."""
    if why.grant_id is None:
        return
    most = versions.current(session).policy.access.most_reads_a_day
    query = select(func.count()).where(
        LedgerEntry.actor == principal.person_id, LedgerEntry.act.in_(READS), LedgerEntry.at >= _written(midnight())
    )
    if (session.scalar(query) or 0) >= most:
        raise Forbidden(
            f"You have opened {most} pages today, which is what policy allows. This is noted; go on tomorrow, or talk to the "
            "archivist.",
            code=BREACH,
        )


def midnight() -> datetime:
    """When the office's day began."""
    return datetime.combine(now().astimezone(OFFICE).date(), time(), OFFICE)


def seconds_to_midnight() -> int:
    """Until the office's day ends."""
    return int((midnight() + timedelta(days=1) - now()).total_seconds()) + 1


def _written(moment: datetime) -> str:
    """As the ledger writes times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
