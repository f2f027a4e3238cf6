"""Cursor pages: opaque, stable while rows are added."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from services.kernel.errors import InvalidInput

Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]


def encode(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidInput("The cursor is not one of ours. Start again without it.") from None


def page(rows: Sequence[Any], limit: int, *, key: str = "id") -> tuple[Sequence[Any], str | None]:
    """Cuts ``limit + 1`` fetched rows to one page and tells the cursor of the next, if there is one."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode(str(getattr(rows[limit - 1], key)))


def whole(cursor: str) -> int:
    """The position in a cursor over whole numbers."""
    text = decode(cursor)
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInput("The cursor is not one of ours. Start again without it.")
    return int(text)
