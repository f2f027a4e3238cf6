"""Cursor pages: opaque, stable while rows are added."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.kernel.errors import InvalidInput

Row = TypeVar("Row")
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
POSITION = re.compile(r"[0-9]{1,18}")
RANK = re.compile(r"[0-9]{1,4}(\.[0-9]{1,17})?(e-[0-9]{1,2})?")
Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]


def encode(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The id in a cursor over rows."""
    position = _position(cursor)
    if not IDENTIFIER.fullmatch(position):
        raise _refusal()
    return position


def whole(cursor: str) -> int:
    """The position in a cursor over whole numbers."""
    position = _position(cursor)
    if not POSITION.fullmatch(position):
        raise _refusal()
    return int(position)


def text(cursor: str) -> str:
    """The name in a cursor over names."""
    return _position(cursor)


def ranked(cursor: str) -> tuple[float, str]:
    """The rank and the id in a cursor over rows that are not in the order of their ids."""
    rank, _, position = _position(cursor).partition(" ")
    if not RANK.fullmatch(rank) or not IDENTIFIER.fullmatch(position):
        raise _refusal()
    return float(rank), position


def page(rows: Sequence[Any], limit: int, *, key: str = "id") -> tuple[Sequence[Any], str | None]:
    """Cuts ``limit + 1`` fetched rows to one page and tells the cursor of the next, if there is one."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode(str(getattr(rows[limit - 1], key)))


def newest(
    session: Session, query: Select[Row], column: InstrumentedAttribute[str], cursor: str | None, limit: int
) -> tuple[Sequence[Row], str | None]:
    """The page of ``query`` behind a cursor, newest first by an id that grows with time, and the cursor of the next."""
    if cursor:
        query = query.where(column < decode(cursor))
    return page(session.scalars(query.order_by(column.desc()).limit(limit + 1)).all(), limit)


def _position(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _refusal() from None


def _refusal() -> InvalidInput:
    return InvalidInput("The cursor is not one of ours. Start again without it.")
