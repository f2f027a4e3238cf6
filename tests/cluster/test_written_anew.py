"""PostgreSQL's files keep nothing of what was deleted, and the account that destroys needs nobody who owns the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from services.kernel.db import Database
from services.kernel.errors import Unavailable, Withheld
from services.kernel.ids import new_id
from services.kernel.removal import sediment
from services.kernel.tables import DataKey
from tests import databases, roles

WRAPPED = b"forty random bytes that were a data key, once"


@pytest.fixture
def url(postgresql_template: str) -> Iterator[str]:
    with databases.postgresql(postgresql_template) as url:
        yield url


@pytest.fixture
def owner(url: str) -> Iterator[Database]:
    database = Database(url)
    with database.write() as session:
        key = DataKey(id=new_id(), master="file-1", wrapped=WRAPPED)
        session.add(key)
    with database.write() as session:
        session.get_one(DataKey, key.id).wrapped = None
    yield database
    database.close()


@pytest.fixture
def destroyer(url: str) -> Iterator[Database]:
    database = Database(roles.signed_in(url, "destruction"))
    yield database
    database.close()


def lies_in_the_file(url: str) -> bool:
    """Whether the table's file has the bytes, once all that is in memory has been written."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        folder = connection.scalar(text("SHOW data_directory"))
        file = connection.scalar(text("SELECT pg_relation_filepath('data_keys')"))
    engine.dispose()
    return WRAPPED in (Path(folder) / file).read_bytes()


def test_what_was_deleted_is_in_no_file_any_more(url, owner, destroyer):
    assert lies_in_the_file(url), "as a row that nobody sees"
    sediment.purge(destroyer, actor=None)
    assert not lies_in_the_file(url)
    with owner.read() as session:
        assert session.query(DataKey).count() == 1, "and what is there still is"


def test_whoever_still_sees_it_is_waited_for(url, owner, destroyer, monkeypatch):
    monkeypatch.setattr(sediment, "READERS_SECONDS", 0.5)
    with owner.read() as session:
        session.query(DataKey).count()
        with pytest.raises(Unavailable, match="old state"):
            sediment.purge(destroyer, actor=None)
    sediment.purge(destroyer, actor=None)
    assert not lies_in_the_file(url)


def test_it_is_one_account_s_and_for_tables_of_the_catalogue(url, owner, destroyer):
    indexing = Database(roles.signed_in(url, "indexing"))
    with pytest.raises(Withheld, match="muniment purge"):
        sediment.purge(indexing, actor=None)
    indexing.close()
    for name in ("pg_class", "nothing", 'data_keys"; DROP TABLE items; --'):
        with (
            destroyer.engine.connect() as connection,
            pytest.raises(DBAPIError, match="no table of the catalogue"),
        ):
            connection.execute(text("SELECT muniment_write_anew(:name)"), {"name": name})
