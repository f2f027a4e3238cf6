"""Headers that many routes read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=120)]
"""See :mod:`services.kernel.http.idempotency`."""
