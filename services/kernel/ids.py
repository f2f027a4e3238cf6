"""Identifiers that sort by time of birth."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_id() -> str:
    """A UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(UUID(int=value))
