"""Cursors: where a page of answers ended, as opaque text. Anyone may read one; nothing is granted by it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from services.kernel.errors import InvalidInput
from services.search.index.port import MAX_LIMIT, Search, Sort
from services.search.query import SCORED_WORDS

_FARTHEST = 1 << 58
"""Microseconds: some nine thousand years."""


@dataclass(frozen=True, slots=True)
class Position:
    """The sort key of the last hit: its score, its time of receipt (microseconds since 1970) and its id."""

    score: float
    received: int
    item_id: str


def begin(search: Search) -> Position | None:
    """Return after which hit the page asked for begins. Raises ``InvalidInput`` for a bad cursor or limit."""
    if not 1 <= search.limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {MAX_LIMIT}, it is {search.limit}.")
    return decode(search.cursor, search.sort) if search.cursor is not None else None


def encode(sort: Sort, position: Position) -> str:
    """Return the cursor of what comes after ``position`` in the order ``sort``."""
    data = json.dumps([1, sort, position.score, position.received, position.item_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


def decode(cursor: str, sort: Sort) -> Position:
    """Return the position in a cursor. Raises ``InvalidInput`` if it is not one, or is of another order."""
    try:
        data = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        version, ordered, score, received, item_id = data
        valid = version == 1 and type(score) is float and type(received) is int and type(item_id) is str
        valid = valid and 0 <= score <= SCORED_WORDS and abs(received) < _FARTHEST
    except (binascii.Error, ValueError, TypeError, RecursionError):
        valid, ordered = False, sort
    if not valid:
        raise InvalidInput("The cursor is not one this archive gave out. Start again without it.")
    if ordered != sort:
        raise InvalidInput(f"The cursor belongs to the order {ordered!r}. Keep the order, or start again without it.")
    return Position(score, received, item_id)
