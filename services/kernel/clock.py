"""Time. Rows carry UTC; the office lives in Asia/Shanghai; leases are judged by the database's clock alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Float, TypeDecorator

OFFICE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite drops time zones, so values are stored as UTC and come back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class database_epoch(GenericFunction[float]):
    """Seconds since 1970 by the database server's own clock: the only clock that leases know."""

    type = Float()
    inherit_cache = True


@compiles(database_epoch, "sqlite")
def _sqlite_epoch(element: database_epoch, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_epoch, "postgresql")
def _postgresql_epoch(element: database_epoch, compiler: Any, **options: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"
