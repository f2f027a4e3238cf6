"""What the client of Redis raises. It loads OpenTelemetry's metrics wherever they are installed, whether anyone counts or not:
0.07 s and 2 MiB in every process. While it is imported it is told that there are none."""

from __future__ import annotations

import sys
from typing import Any

UNWANTED = "opentelemetry.sdk.metrics"

_modules: dict[str, Any] = sys.modules
_absent = _modules.setdefault(UNWANTED, None) is None  # which makes importing it an ImportError
try:
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry
finally:
    if _absent:
        del _modules[UNWANTED]

NO_SECOND_TRY = Retry(NoBackoff(), 0)
"""For a client that rather hears of a silent server at once."""

__all__ = ["NO_SECOND_TRY", "RedisError"]
