"""Numbers that are given out one after the other within a series."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.kernel.clock import OFFICE, now
from services.kernel.dialects import upsert
from services.kernel.tables import Counter


def next_number(session: Session, series: str) -> int:
    """The next number of the series, from 1; whoever asks at the same time gets another."""
    first = upsert(session, Counter).values(series=series, last=1)
    counted = first.on_conflict_do_update(index_elements=["series"], set_={"last": Counter.last + 1}).returning(Counter.last)
    return session.execute(counted).scalar_one()


def of_this_year(session: Session, letters: str) -> str:
    """The next number of a register that begins anew each year, such as ``JY-2026-0001``."""
    series = f"{letters}-{now().astimezone(OFFICE).year}"
    return f"{series}-{next_number(session, series):04d}"
