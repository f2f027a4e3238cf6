"""What a person types becomes a field's value: in the one form that its kind has, with the check that it can be put to."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import date
from decimal import Decimal, InvalidOperation

from services.kernel.errors import InvalidInput
from services.kernel.paper import FIELD_NAMES, Check
from services.kernel.policy.lookup import LOOKUP_FIELDS, id_check_digit, normalise

DATES = frozenset({"signed_on", "paid_on", "valid_from", "valid_until", "birth_date"})
NUMBERS = frozenset({"amount", "area", "unit_price"})
LONG_TERM = "长期"
ID_DIGITS = 18


def value_of(name: str, text: str, more_names: Collection[str] = ()) -> str:
    """The value in its normal form; empty for one that is struck out. ``more_names``: fields that policy has beside those that
    are read. Raises ``InvalidInput`` for what cannot be a value."""
    if name not in FIELD_NAMES and name not in more_names:
        raise InvalidInput(f"There is no field of this name. Choose one of: {', '.join((*FIELD_NAMES, *more_names))}.")
    written = unicodedata.normalize("NFKC", text).strip()
    if not written:
        return ""
    if name in LOOKUP_FIELDS:
        return normalise(name, written)
    if name in DATES:
        return _date(written)
    if name in NUMBERS:
        return _number(written)
    return text.strip()


def check_of(name: str, value: str) -> Check:
    """Whether an identity number of mainland China agrees with its check digit (GB 11643); nothing else is checked here."""
    if name != "id_number" or len(value) != ID_DIGITS or not value[:-1].isdecimal():
        return "none"
    return "ok" if id_check_digit(value[:-1]) == value[-1] else "failed"


def _date(written: str) -> str:
    if written == LONG_TERM:
        return written
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise InvalidInput("Write a date as 2024-05-06.") from None


def _number(written: str) -> str:
    try:
        number = Decimal(written.replace(",", ""))
    except InvalidOperation:
        raise InvalidInput("Write a number as 1680000.00.") from None
    if not number.is_finite() or number < 0:
        raise InvalidInput("Write a number that is not negative, as 1680000.00.")
    return f"{number:f}"
