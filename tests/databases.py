"""Databases for tests on the PostgreSQL that ``MUNIMENT_TEST_POSTGRESQL_URL`` names; its user may create them. A test that
asks for one where there is no server fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url, text

SERVER = "MUNIMENT_TEST_POSTGRESQL_URL"
CATALOGUES = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.cluster)]
"""What every suite over the catalogue is parametrised with."""


@contextmanager
def postgresql(template: str = "template0") -> Iterator[str]:
    """The URL of a new database, a copy of ``template``, that lives as long as the block."""
    name = f"test_{uuid4().hex}"
    _administer(f"CREATE DATABASE {name} TEMPLATE {template}", " STRATEGY FILE_COPY")  # half the time
    try:
        yield _server().set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(f"DROP DATABASE {name} WITH (FORCE)")


def name_of(url: str) -> str:
    return str(make_url(url).database)


def disconnect(url: str) -> None:
    """What a restart of the server does to every connection."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :me")
        connection.execute(ended, {"me": connection.scalar(text("SELECT pg_backend_pid()"))})
    engine.dispose()


def server() -> str:
    """The URL of the server's own database."""
    return _server().render_as_string(hide_password=False)


def _server() -> URL:
    url = os.environ.get(SERVER)
    if not url:
        pytest.fail(f"{SERVER} names no server. “make test-cluster” starts one and sets it.", pytrace=False)
    return make_url(url).set(drivername="postgresql+psycopg")


def _administer(statement: str, since_15: str = "") -> None:
    engine = create_engine(_server(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        recent = (engine.dialect.server_version_info or ()) >= (15,)  # type: ignore[attr-defined]
        connection.execute(text(statement + (since_15 if recent else "")))
    engine.dispose()
