"""From fields to a catalogue entry: pure rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.kernel.paper import FieldReading
from services.kernel.policy.model import TypePolicy

PARTY_FIELDS = ("party_buyer", "party_lessee", "party_seller", "party_lessor", "payer", "payee", "name", "organisation")
"""Whose name stands first in a title: the customer's before the company's."""
DATE_FIELDS = ("signed_on", "paid_on", "valid_from")
MOST_PARTIES_IN_TITLE = 2


def title_of(rule: TypePolicy, fields: Sequence[FieldReading]) -> str:
    """A generated title (标题编制): type, customers, property, such as 商品房买卖合同 张伟、李娜 3幢1单元502室."""
    names = next((found for name in PARTY_FIELDS if (found := _values(fields, name))), [])
    units = _values(fields, "property_unit")
    parts = [rule.title, "、".join(names[:MOST_PARTIES_IN_TITLE]), units[0] if units else ""]
    return " ".join(part for part in parts if part)


def year_of(fields: Sequence[FieldReading], otherwise: int) -> int:
    """The year of the document, by its surest date; ``otherwise`` when it has none that can be."""
    for name in DATE_FIELDS:
        for value in _values(fields, name):
            try:
                return date.fromisoformat(value).year
            except ValueError:
                continue
    return otherwise


def parties(fields: Sequence[FieldReading]) -> dict[tuple[str, str], str | None]:
    """Each named party once, as (role, name), and the share in percent that stands beside it."""
    found: dict[tuple[str, str], str | None] = {}
    for each in fields:
        if each.name in PARTY_FIELDS:
            key = (each.name, each.value)
            found[key] = found.get(key) or each.share
    return found


def _values(fields: Sequence[FieldReading], name: str) -> list[str]:
    return list(dict.fromkeys(each.value for each in fields if each.name == name))
