"""Reference codes (档号) after DA/T 22-2015: ``M001-HT·2024-D30-0007`` is fonds, category·year, period, item number. Each
number that is given out stands in the register, in the transaction that gives it: a series has no silent gap."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.filing.numbers.tables import NumberState, ReferenceNumber
from services.kernel.policy.model import TypePolicy
from services.kernel.series import next_number
from services.kernel.tables import Item


@dataclass(frozen=True, slots=True)
class Code:
    """One number of one series."""

    series: str
    number: int

    def __str__(self) -> str:
        return f"{self.series}-{self.number:04d}"


def series_of(fonds: str, rule: TypePolicy, year: int) -> str:
    return f"{fonds}-{rule.category}·{year}-{rule.period}"


def next_code(session: Session, series: str) -> Code:
    """The next number of the series, unique within the archive; whoever asks at the same time gets another."""
    return Code(series, next_number(session, series))


def draft_code(session: Session, item: Item, fonds: str, rule: TypePolicy, year: int) -> str:
    """The next number for an item: a draft until the item is signed off."""
    code = next_code(session, series_of(fonds, rule, year))
    register(session, code, NumberState.DRAFT, item_id=item.id)
    return str(code)


def register(session: Session, code: Code, state: NumberState, **more: str | None) -> ReferenceNumber:
    entry = ReferenceNumber(code=str(code), series=code.series, number=code.number, state=state, **more)
    session.add(entry)
    session.flush()
    return entry


def numbered(session: Session, series: str) -> str:
    """The next number of a register of forms or lists, such as ``GD-2026-0001``."""
    return str(next_code(session, series))
