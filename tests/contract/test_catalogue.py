"""One contract for every catalogue. A database joins by a line in ``tests.databases``."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

import services.tables  # noqa: F401
from services.kernel import migrations
from services.kernel.clock import OFFICE, database_epoch, now
from services.kernel.db import Base, Database
from services.kernel.identity import accounts
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.removal import sediment
from services.kernel.tables import Batch, Counter, DataKey
from tests import databases
from tests.at_once import at_once


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'catalogue.db'}"


@pytest.fixture(params=databases.CATALOGUES)
def url(request, tmp_path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite(tmp_path)
        return
    with databases.postgresql() as url:
        yield url


@pytest.fixture
def empty(url) -> Iterator[Database]:
    """A catalogue without tables."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def catalogue(empty) -> Database:
    migrations.upgrade(empty)
    return empty


def count(database: Database, series: str = "s") -> int | None:
    with database.read() as session:
        row = session.get(Counter, series)
        return None if row is None else row.last


def add(database: Database, series: str = "s", last: int = 0) -> None:
    with database.write() as session:
        session.add(Counter(series=series, last=last))


# ── migrations ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_migrations_and_tables_agree(catalogue):
    with catalogue.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, Base.metadata) == []


def test_is_current_only_at_the_newest_revision(empty):
    assert not migrations.is_current(empty)
    migrations.upgrade(empty)
    assert migrations.is_current(empty)
    migrations.downgrade(empty, "base")
    assert not migrations.is_current(empty)


def test_up_down_and_up_again_with_data(catalogue):
    with catalogue.write() as session:
        person = accounts.add_person(session, "张伟", Role.CLERK)
        session.add(Batch(owner_id=person.id, title="t", source="s"))
    migrations.downgrade(catalogue, "base")
    with catalogue.read() as session:
        assert set(inspect(session.connection()).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(catalogue)
    with catalogue.write() as session:
        assert journal.append(session, "act", actor=None) == 0, "the ledger's head is there again"


def test_upgrading_what_is_current_changes_nothing(catalogue):
    add(catalogue, last=7)
    migrations.upgrade(catalogue)
    assert count(catalogue) == 7


def test_a_failed_migration_changes_nothing(empty, monkeypatch):
    create, calls = op.create_table, []

    def fifth_breaks(name, *columns, **more):
        calls.append(name)
        if len(calls) == 5:
            raise RuntimeError("power cut")
        return create(name, *columns, **more)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(op, "create_table", fifth_breaks)
        migrations.upgrade(empty)
    with empty.read() as session:
        assert inspect(session.connection()).get_table_names() == []
    migrations.upgrade(empty)
    assert migrations.is_current(empty)


def test_two_processes_that_start_at_once_migrate_once(url):
    failures = []

    def start() -> None:
        database = Database(url)
        try:
            migrations.upgrade(database)
        except Exception as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# ── units of work ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_leaving_the_block_commits_and_an_error_undoes(catalogue):
    add(catalogue)
    with pytest.raises(RuntimeError), catalogue.write() as session:
        session.get_one(Counter, "s").last = 5
        session.flush()
        raise RuntimeError
    assert count(catalogue) == 0
    with catalogue.write() as session:
        session.get_one(Counter, "s").last = 5
    assert count(catalogue) == 5


def test_foreign_keys_hold(catalogue):
    with pytest.raises(IntegrityError), catalogue.write() as session:
        session.add(Batch(owner_id="nobody", title="t", source="s"))
    with catalogue.write() as session:
        person = accounts.add_person(session, "张伟", Role.CLERK)
        session.add(Batch(owner_id=person.id, title="t", source="s"))
    with pytest.raises(IntegrityError), catalogue.write() as session:
        session.execute(text("DELETE FROM people"))


def test_errors_do_not_repeat_the_values(catalogue):
    """They end in logs, which hold nothing personal."""
    with pytest.raises(IntegrityError) as caught, catalogue.write() as session:
        session.add(Batch(owner_id="nobody", title="张伟的合同", source="s"))
    assert "张伟" not in str(caught.value)


def test_a_read_is_one_moment(catalogue):
    add(catalogue, "a")
    add(catalogue, "b")
    with catalogue.read() as reading:
        assert reading.scalar(select(Counter.last).where(Counter.series == "a")) == 0
        with catalogue.write() as writing:
            writing.get_one(Counter, "a").last = 1
            writing.get_one(Counter, "b").last = 1
        assert reading.scalar(select(Counter.last).where(Counter.series == "b")) == 0
    assert (count(catalogue, "a"), count(catalogue, "b")) == (1, 1)


def test_readers_wait_for_no_writer(catalogue):
    add(catalogue)
    with catalogue.write() as writing:
        writing.get_one(Counter, "s").last = 9
        writing.flush()
        assert count(catalogue) == 0, "or it would wait in vain: the writer is this thread"
        assert migrations.is_current(catalogue)


def test_what_is_put_into_a_read_is_never_kept(catalogue):
    with catalogue.read() as session:
        session.add(Counter(series="s", last=1))
    assert count(catalogue) is None


def test_rows_of_a_read_stay_usable_when_it_is_closed(catalogue):
    add(catalogue, last=4)
    with catalogue.read() as session:
        row = session.get_one(Counter, "s")
    assert row.last == 4


def test_two_writers_take_turns(catalogue):
    add(catalogue)
    entered, order = threading.Event(), []

    def second() -> None:
        entered.wait()
        with catalogue.write() as session:
            row = session.get_one(Counter, "s", with_for_update=True)
            order.append("second")
            row.last += 1

    thread = threading.Thread(target=second)
    thread.start()
    with catalogue.write() as session:
        row = session.get_one(Counter, "s", with_for_update=True)
        entered.set()
        time.sleep(0.3)
        order.append("first")
        row.last += 1
    thread.join()
    assert order == ["first", "second"]
    assert count(catalogue) == 2


def test_many_writers_lose_no_update_and_never_find_it_locked(catalogue):
    add(catalogue)

    def increase() -> None:
        for _ in range(20):
            with catalogue.write() as session:
                row = session.get_one(Counter, "s", with_for_update=True)
                row.last += 1

    assert at_once(*[increase] * 8) == [None] * 8
    assert count(catalogue) == 160


def test_whoever_listens_is_told_after_the_commit_and_only_then(catalogue):
    told = []
    catalogue.after_commit.append(lambda info: told.append((info.get("what"), count(catalogue))))
    with catalogue.write() as session:
        session.add(Counter(series="s", last=3))
        session.info["what"] = "kept"
        assert told == []
    assert told == [("kept", 3)]
    with pytest.raises(RuntimeError), catalogue.write() as session:
        session.info["what"] = "undone"
        raise RuntimeError
    assert told == [("kept", 3)]


def test_a_listener_that_fails_undoes_nothing(catalogue):
    told = []
    catalogue.after_commit += [lambda info: 1 / 0, lambda info: told.append(info)]
    add(catalogue, last=3)
    assert count(catalogue) == 3
    assert len(told) == 1


# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def stored(catalogue: Database, moment: datetime) -> datetime:
    with catalogue.write() as session:
        row = DataKey(master="m", created_at=moment)
        session.add(row)
        session.flush()
        identity = row.id
    with catalogue.read() as session:
        return session.get_one(DataKey, identity).created_at


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, tzinfo=OFFICE),
        datetime(1988, 7, 1, 2, 30, tzinfo=OFFICE),  # China's summer time
        datetime(2026, 6, 1, 12, 0, tzinfo=timezone(timedelta(hours=-11))),
    ],
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(catalogue, moment):
    back = stored(catalogue, moment)
    assert back == moment
    assert back.utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.timezones()))
@hypothesis_settings(max_examples=200)
def test_binding_any_zone_and_reading_gives_the_moment(moment):
    from sqlalchemy.dialects import sqlite as dialect

    from services.kernel.clock import UtcDateTime

    kind = UtcDateTime()
    bound = kind.process_bind_param(moment, dialect.dialect())
    assert bound is not None
    assert kind.process_result_value(bound.replace(tzinfo=None), dialect.dialect()) == moment.astimezone(UTC)


def test_a_moment_without_a_zone_cannot_be_stored(catalogue):
    with pytest.raises(StatementError, match="time zone"):
        stored(catalogue, datetime(2026, 1, 1))


def test_midnight_of_the_office_is_compared_as_a_moment(catalogue):
    midnight = datetime(2026, 1, 1, tzinfo=OFFICE)
    stored(catalogue, midnight - timedelta(seconds=1))
    stored(catalogue, midnight)
    with catalogue.read() as session:
        later = select(DataKey.created_at).where(DataKey.created_at >= midnight.astimezone(UTC))
        assert session.scalars(later).all() == [midnight]


def test_the_database_s_clock_tells_the_time(catalogue):
    with catalogue.read() as session:
        assert session.scalar(select(database_epoch())) == pytest.approx(now().timestamp(), abs=5)


# ── SQLite's own promises ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pragmas_of_every_connection(tmp_path):
    database = Database(sqlite(tmp_path))
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 30_000}
    with database.read() as one, database.read() as two:
        for session in (one, two):
            assert {name: session.scalar(text(f"PRAGMA {name}")) for name in expected} == expected
    database.close()


def test_who_writes_little_gets_between_the_transactions_of_who_writes_much(tmp_path):
    """SQLite would look ever less often, and would miss the moment ten times for once that it finds it."""
    database = Database(sqlite(tmp_path))
    migrations.upgrade(database)
    add(database)
    written, over = [], threading.Event()

    def much() -> None:
        while not over.is_set():
            with database.write() as session:
                session.get_one(Counter, "s")
                time.sleep(0.1)
                written.append(1)
            time.sleep(0.004)

    thread = threading.Thread(target=much)
    thread.start()
    for _ in range(10):
        time.sleep(0.02)
        with database.write() as session:
            session.get_one(Counter, "s").last += 1
    over.set()
    thread.join()
    database.close()
    assert len(written) <= 40


TAKES_OVER = """
import fcntl, sys, time
with open(sys.argv[1] + "-shm", "r+b") as shared:
    fcntl.lockf(shared, fcntl.LOCK_EX, 1, 121)  # WAL_CKPT_LOCK: SQLite's file format, "Locking Matrix"
    print("taken", flush=True)
    time.sleep(2)
"""


def test_the_log_is_emptied_although_another_process_takes_over_from_it_just_then(tmp_path):
    database = Database(sqlite(tmp_path))
    migrations.upgrade(database)
    add(database)
    program = [sys.executable, "-c", TAKES_OVER, str(database.url.database)]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"taken\n"
        sediment.purge(database, actor=None)
        assert other.wait() == 0
    database.close()


def test_a_write_takes_the_lock_before_it_reads(tmp_path):
    """Else two that read first and write then would fail half way."""
    database = Database(sqlite(tmp_path))
    database.engine.dispose()
    statements: list[str] = []
    with database.write() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)
    with database.write() as session:
        session.connection()
    assert "BEGIN IMMEDIATE" in statements
    assert "BEGIN" not in statements
    database.close()
