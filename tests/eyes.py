"""The real engine and the real sense of which way is up, loaded once for all tests that look at pictures."""

from __future__ import annotations

from functools import cache

from services.ocr.engines import Engine, Orientation, load_engine, load_orientation


@cache
def engine() -> Engine:
    return load_engine("rapid")


@cache
def turns() -> Orientation:
    return load_orientation()
