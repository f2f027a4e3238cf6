"""PostgreSQL's own promises: snapshots that write nothing, nobody waits for ever, and a server that goes away comes back."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import InternalError

from services.kernel import dialects, migrations, patience
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.orphans import discard_unless_kept, enter
from services.kernel.blobs.sealed import SealedStore, Stored
from services.kernel.db import Database
from services.kernel.errors import InvalidInput, Unavailable
from services.kernel.ledger import journal
from services.kernel.queue.jobs import release_expired
from services.kernel.tables import Blob, Counter, DataKey
from tests import databases
from tests.contract.leases import ATTEMPTS, LAPSED, put, take

pytestmark = pytest.mark.cluster


@pytest.fixture
def url(postgresql_template) -> Iterator[str]:
    with databases.postgresql(postgresql_template) as url:
        yield url


@pytest.fixture
def catalogue(url) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def other(url) -> Iterator[Database]:
    """Another process's connections."""
    database = Database(url)
    yield database
    database.close()


def settings_of(session) -> dict[str, str]:
    names = ("transaction_isolation", "transaction_read_only", "lock_timeout", "statement_timeout", "TimeZone")
    names += ("idle_in_transaction_session_timeout", "application_name")
    return {name: session.scalar(text(f"SHOW {name}")) for name in names}


def test_what_a_transaction_runs_under(catalogue):
    shared = {"lock_timeout": "30s", "statement_timeout": "30s", "TimeZone": "UTC", "application_name": "muniment"}
    reading = {"transaction_isolation": "repeatable read", "transaction_read_only": "on"}
    writing = {"transaction_isolation": "read committed", "transaction_read_only": "off"}
    for _ in range(2):  # a connection that was used for one is used for the other
        with catalogue.read() as session:
            assert settings_of(session) == shared | reading | {"idle_in_transaction_session_timeout": "1h"}
        with catalogue.write() as session:
            assert settings_of(session) == shared | writing | {"idle_in_transaction_session_timeout": "30s"}


def test_what_the_url_says_is_stronger(url):
    database = Database(f"{url}?options=-c%20lock_timeout%3D7s")
    with database.read() as session:
        assert settings_of(session)["lock_timeout"] == "7s"
        assert settings_of(session)["statement_timeout"] == "30s"
    database.close()


def test_a_url_without_a_driver_is_understood(url):
    database = Database(url.replace("postgresql+psycopg://", "postgresql://"))
    assert database.version().startswith("PostgreSQL ")
    database.close()


def test_a_read_cannot_write(catalogue):
    with pytest.raises(InternalError, match="read-only"), catalogue.read() as session:
        session.execute(insert(Counter).values(series="s", last=1))


@pytest.mark.parametrize("value", ["a\0b", "s" * 1000])
def test_what_cannot_be_stored_is_the_sender_s_fault(catalogue, value):
    with pytest.raises(InvalidInput) as caught, catalogue.write() as session:
        session.add(DataKey(master=value))
    assert value not in caught.value.detail
    with pytest.raises(InvalidInput), catalogue.read() as session:
        session.get(DataKey, "\0")


# ── nobody waits for ever ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lock_that_is_not_to_be_had_in_time_is_unavailable(url, catalogue, monkeypatch):
    monkeypatch.setitem(dialects.SESSION, "lock_timeout", 200)
    impatient = Database(url)
    with catalogue.write() as session:
        journal.append(session, "act", actor=None)
        with pytest.raises(Unavailable), impatient.write() as waiting:
            journal.append(waiting, "act", actor=None)
    with impatient.write() as session:
        assert journal.append(session, "act", actor=None) == 1
    impatient.close()


def test_a_writer_that_falls_silent_holds_nobody_up(catalogue, other, monkeypatch):
    """A machine that stands still within a transaction may hold the ledger's head, for which all wait."""
    monkeypatch.setattr(dialects, "SILENT_WRITER_MS", 500)
    others: list[int] = []
    with pytest.raises(Unavailable), catalogue.write() as silent:
        journal.append(silent, "act", actor=None)
        with other.write() as session:
            others.append(journal.append(session, "act", actor=None))
        silent.add(Counter(series="too late"))
    assert others == [0]
    with other.read() as session:
        assert session.get(Counter, "too late") is None


def test_a_job_that_is_being_written_to_is_passed_over_by_the_scheduler(catalogue, other):
    put(catalogue, "a", "b")
    busy, _ = take(catalogue, seconds=LAPSED), take(catalogue, seconds=LAPSED)
    with replace(busy, seconds=60).progress():
        assert release_expired(other, max_attempts=ATTEMPTS) == 1
    assert release_expired(other, max_attempts=ATTEMPTS) == 0, "and its lease was renewed"


def test_claims_pass_each_other(catalogue, other):
    """A claim that is on its way is no reason to wait for another."""
    first, second = put(catalogue, "a", "b")
    with catalogue.write() as session:
        session.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": first})
        assert take(other).job_id == second, "or it would wait in vain: who holds the first is this thread"
        assert take(other) is None


# ── a server that goes away ───────────────────────────────────────────────────────────────────────────────────────────────


def test_connections_that_were_lost_between_two_transactions_cost_nothing(url, catalogue):
    with catalogue.read(), catalogue.read() as session:
        session.scalar(select(1))
    databases.disconnect(url)
    assert migrations.is_current(catalogue)
    with catalogue.write() as session:
        assert journal.append(session, "act", actor=None) == 0


def test_a_transaction_whose_connection_is_lost_is_unavailable_and_undone(url, catalogue):
    with pytest.raises(Unavailable), catalogue.write() as session:
        session.add(Counter(series="s"))
        session.flush()
        databases.disconnect(url)
        session.add(Counter(series="t"))
    with catalogue.read() as session:
        assert session.scalars(select(Counter.series)).all() == []


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_server_that_stands_still_is_not_waited_for(catalogue, monkeypatch):
    """It keeps its connections, and no time limit of its own runs."""
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.5)
    with ExitStack() as stack, pytest.raises(Unavailable), catalogue.write() as session:
        session.add(Counter(series="s"))
        session.flush()
        stack.enter_context(standing_still(session.scalar(text("SELECT pg_backend_pid()"))))
        session.scalar(select(1))
    with catalogue.read() as session:
        assert session.scalars(select(Counter.series)).all() == []


def test_a_connection_that_stands_still_is_given_up_for_another(catalogue, monkeypatch):
    monkeypatch.setattr(patience, "PING_SECONDS", 0.5)
    with catalogue.read() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with standing_still(pid), catalogue.read() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid


def test_whoever_changes_the_tables_waits_as_long_as_it_takes(catalogue, monkeypatch):
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.1)
    with catalogue.migrate() as connection:
        connection.execute(text("SELECT pg_sleep(0.5)"))
    with pytest.raises(Unavailable), catalogue.read() as session:
        session.execute(text("SELECT pg_sleep(0.5)"))


def test_a_server_that_is_not_there_is_told_at_once(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = Database(f"postgresql+psycopg://nobody@127.0.0.1:{probe.getsockname()[1]}/none")
        for unit in (nowhere.read, nowhere.write):
            with pytest.raises(Unavailable), unit() as session:
                session.scalar(select(1))
        with pytest.raises(Unavailable):
            migrations.upgrade(nowhere)


# ── a commit whose answer was lost ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("committed", [True, False])
def test_an_object_whose_transaction_is_still_at_its_end_is_not_thrown_away(catalogue, other, tmp_path, committed):
    """The client has lost its connection and asks on a new one, while the server is still at the old one's commit."""
    objects = SealedStore(LocalBlobStore(tmp_path))
    stored: Stored = objects.put(bytes(32), b"content")
    entered = threading.Event()

    def transaction() -> None:
        with catalogue.write() as session:
            key = DataKey(master="m")
            session.add(key)
            session.flush()
            enter(session, stored, key.id, "application/pdf")
            entered.set()
            time.sleep(0.5)
            if not committed:
                session.rollback()

    thread = threading.Thread(target=transaction)
    thread.start()
    entered.wait()
    discard_unless_kept(other, objects, stored.name)
    thread.join()
    with other.read() as session:
        named = session.scalar(select(Blob.id).where(Blob.name == stored.name)) is not None
    assert named == committed == (stored.name in list(objects.store.names()))
