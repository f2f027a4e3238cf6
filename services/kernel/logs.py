"""Structured logs: one JSON object a line on standard error. Only what a call names is written, and no call names content."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict


def configure(*, level: int = logging.INFO) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _count,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def _count(logger: Any, level: str, entry: EventDict) -> EventDict:
    """Imports the counters when something happens that they count: most commands need none."""
    if level in ("debug", "info"):
        return entry
    from services.kernel.metrics import count_event

    return count_event(logger, level, entry)
