"""Reference codes (档号) after DA/T 22-2015: ``M001-HT·2024-D30-0007`` is fonds, category·year, period, item number."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.kernel.dialects import upsert
from services.kernel.policy.taxonomy import TypeRule
from services.kernel.tables import Counter


def draft_code(session: Session, fonds: str, rule: TypeRule, year: int) -> str:
    """The next code of the series, unique within the archive. It is a draft until the item is signed off; a draft that
    is never used leaves a gap that the counter shows."""
    series = f"{fonds}-{rule.category}·{year}-{rule.period}"
    first = upsert(session, Counter).values(series=series, last=1)
    counted = first.on_conflict_do_update(index_elements=["series"], set_={"last": Counter.last + 1}).returning(Counter.last)
    return f"{series}-{session.execute(counted).scalar_one():04d}"
