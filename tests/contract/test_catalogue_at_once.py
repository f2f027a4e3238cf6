"""What must not happen twice, or not unseen, when several do it at once. SQLite's writers take turns by themselves; on
PostgreSQL each of these was a race until something was locked for it."""

import threading
import time
from collections import Counter as Tally
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from services.filing import numbering, rescans
from services.ingest import repository as intake
from services.ingest.service import Reception
from services.kernel.blobs.keys import Vault
from services.kernel.db import Database
from services.kernel.errors import Conflict, TooMany
from services.kernel.identity import accounts, tries
from services.kernel.identity.signing_in import Terms
from services.kernel.identity.tables import SignInTries
from services.kernel.ledger import journal
from services.kernel.ledger.merkle import Tree
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.model import FileState, PageState, Role
from services.kernel.paper import FieldReading
from services.kernel.policy import model
from services.kernel.queue import jobs
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import Job, JobState
from services.kernel.tables import Batch, Blob, Counter, File, Item, Page
from tests.at_once import at_once
from tests.contract.leases import put, take
from tests.desk import Desk, scan

MANY = 8


class Second:
    """An act of another, begun while this one's transaction is open; it is looked at once that has ended."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.result: Any = None
        self._thread = threading.Thread(target=self._run, args=(act,))
        self._thread.start()
        time.sleep(0.3)  # time enough to come as far as it can

    def _run(self, act: Callable[[], Any]) -> None:
        try:
            self.result = act()
        except Exception as error:
            self.result = error

    @property
    def waits(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> Any:
        self._thread.join()
        return self.result


def count(database: Database, model: type, *where: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


# ── the ledger and the numbers ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_ledger_of_many_writers_has_no_gap_and_proves_itself(database):
    def write() -> None:
        for number in range(20):
            try:
                with database.write() as session:
                    journal.append(session, f"act.{number}", actor=None)
                    if number % 5 == 0:
                        raise InterruptedError
            except InterruptedError:
                pass

    assert at_once(*[write] * MANY) == [None] * MANY
    with database.read() as session:
        entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.position)).all()
        head = session.get_one(LedgerHead, journal.HEAD)
    assert [entry.position for entry in entries] == list(range(16 * MANY))
    tree = Tree()
    for entry in entries:
        tree = tree.append(entry.leaf_hash)
    assert journal.tree_at(head).root == tree.root


def test_many_numbers_of_one_series_are_all_different(database):
    def number() -> list[str]:
        drawn = []
        for _ in range(10):
            with database.write() as session:
                series = numbering.series_of("M001", model.default().type_of("lease_contract"), 2024)
                drawn.append(str(numbering.next_code(session, series)))
        return drawn

    codes = [code for drawn in at_once(*[number] * MANY) for code in drawn]
    assert len(set(codes)) == len(codes) == 10 * MANY
    with database.read() as session:
        assert session.scalars(select(Counter.last)).all() == [10 * MANY]


# ── jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_that_many_enqueue_at_once_is_one(database):
    def enqueue() -> bool:
        with database.write() as session:
            return jobs.enqueue(session, Stage.INSPECT, "a", {})

    assert Tally(at_once(*[enqueue] * MANY)) == {True: 1, False: MANY - 1}
    assert count(database, Job) == 1


def test_a_job_whose_first_enqueuing_is_undone_is_enqueued_by_the_second(database):
    def enqueue() -> bool:
        with database.write() as session:
            return jobs.enqueue(session, Stage.INSPECT, "a", {})

    with pytest.raises(InterruptedError), database.write() as session:
        jobs.enqueue(session, Stage.INSPECT, "a", {})
        second = Second(enqueue)
        assert second.waits
        raise InterruptedError
    assert second.join() is True
    assert count(database, Job) == 1


def test_a_job_that_two_send_off_again_is_not_taken_from_the_worker_that_has_it(database):
    (identity,) = put(database, "a")
    take(database).fail("reason", max_attempts=1)

    def retry() -> None:
        with database.write() as session:
            jobs.retry(session, identity)

    with database.write() as session:
        jobs.retry(session, identity)
        second = Second(retry)
    assert isinstance(second.join(), Conflict)
    assert take(database) is not None


def test_of_several_readers_of_an_item_one_sees_that_it_is_the_last(desk):
    clerk = desk.client(Role.CLERK)
    desk.deliver(clerk, scan(*(f"第{number}页" for number in range(1, 9))))
    desk.runner().drain(Queue.READING, shift_seconds=0.001)  # looks, and so cuts into four jobs
    runners = [desk.runner() for _ in range(4)]
    assert sum(at_once(*[lambda runner=each: runner.drain(Queue.READING) for each in runners])) == 5
    assert count(desk.kernel.database, Page, Page.state == PageState.READ, Page.times_read == 1) == 8
    assert count(desk.kernel.database, Job, Job.kind == Stage.ASSEMBLE) == 1


# ── intake ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def reception(desk: Desk, content: bytes, *, key: str | None = None) -> Reception:
    principal, _ = desk.person(Role.CLERK)
    with desk.kernel.database.write() as session:
        batch = Batch(owner_id=principal.person_id, title="t", source="s")
        session.add(batch)
        session.flush()
        identity = batch.id
    received = Reception(desk.kernel, principal, identity, "扫描.pdf", idempotency_key=key)
    received.write(content)
    return received


def test_of_many_copies_that_come_at_once_one_is_kept(desk):
    receptions = [reception(desk, scan("同一份合同")) for _ in range(MANY)]
    receipts = at_once(*(each.finish for each in receptions))
    (original,) = [receipt.id for receipt in receipts if receipt.duplicate_of is None]
    assert Tally(receipt.duplicate_of for receipt in receipts) == {None: 1, original: MANY - 1}
    assert len(desk.objects()) == count(desk.kernel.database, Blob) == 1
    assert count(desk.kernel.database, Job) == 1


def test_a_copy_that_comes_while_its_original_is_rejected_is_rejected(desk):
    original = reception(desk, b"no scan").finish()
    copy = reception(desk, b"no scan")
    with desk.kernel.database.write() as session:
        intake.reject(session, session.get_one(File, original.id), [{"code": "wrong_type", "message": "m"}])
        second = Second(copy.finish)
        assert second.waits
    assert second.join().duplicate_of == original.id
    assert count(desk.kernel.database, File, File.state == FileState.REJECTED) == 2


def test_a_copy_that_is_being_entered_while_its_original_is_rejected_is_rejected_too(desk):
    original = reception(desk, b"no scan").finish()
    copy = reception(desk, b"no scan")
    stored = copy._writer.finish()

    def reject() -> None:
        with desk.kernel.database.write() as session:
            intake.reject(session, session.get_one(File, original.id), [{"code": "wrong_type", "message": "m"}])

    with desk.kernel.database.write() as session:
        copy._enter(session, stored)
        second = Second(reject)
        assert second.waits
    second.join()
    assert count(desk.kernel.database, File, File.state == FileState.REJECTED) == 2


# ── requests that are sent twice ──────────────────────────────────────────────────────────────────────────────────────────


def test_requests_with_one_idempotency_key_that_come_at_once_create_one_thing(desk):
    clerk = desk.client(Role.CLERK)
    send = {"json": {"title": "t"}, "headers": {"Idempotency-Key": "k"}}
    answers = at_once(*[lambda: clerk.post("/api/v1/batches", **send)] * MANY)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(desk.kernel.database, Batch) == 1
    assert len(desk.ledger("batch.open")) == 1


def test_a_file_that_is_sent_twice_at_once_under_one_key_is_one_file(desk):
    clerk = desk.client(Role.CLERK)
    batch = desk.batch(clerk)

    def send() -> Any:
        headers, file = {"Idempotency-Key": "k"}, {"file": ("扫描.pdf", scan("合同"))}
        return clerk.post(f"/api/v1/batches/{batch}/files", files=file, headers=headers)

    answers = at_once(*[send] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(desk.kernel.database, File) == len(desk.objects()) == 1


# ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_that_two_take_at_once_is_given_once(database):
    def add() -> str:
        with database.write() as session:
            return accounts.add_person(session, "张伟", Role.CLERK).id

    results = at_once(*[add] * 4)
    assert Tally(type(result) for result in results) == {str: 1, Conflict: 3}


def test_wrong_passwords_that_are_tried_at_once_are_all_counted(database):
    with database.write() as session:
        accounts.add_person(session, "张伟", Role.CLERK, password="a sentence for the tests")

    def guess() -> object:
        return accounts.sign_in(database, Vault(None), "张伟", "a wrong sentence", Terms(hours=1))

    assert at_once(*[guess] * (tries.FREE - 1)) == [None] * (tries.FREE - 1)
    with database.read() as session:
        assert session.scalars(select(SignInTries.failed)).all() == [tries.FREE - 1]
    assert guess() is None
    with pytest.raises(TooMany):
        accounts.sign_in(database, Vault(None), "张伟", "a sentence for the tests", Terms(hours=1))


# ── filing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_scans_of_one_sheet_that_are_catalogued_at_once_see_each_other(desk):
    clerk = desk.client(Role.CLERK)
    for text in ("一", "二"):
        desk.deliver(clerk, scan(text))
    desk.work()
    field = FieldReading("contract_number", "HT-1", "HT-1", 1, ((0.0, 0.0),) * 4, 0.9, "none")
    database, vault = desk.kernel.database, desk.kernel.vault
    with database.write() as session:
        first, second = session.scalars(select(Item.id).order_by(Item.id)).all()
        for page in session.scalars(select(Page)):
            page.phash = "00ff00ff00ff00ff"

    def note(identity: str) -> None:
        with database.write() as session:
            rescans.note(session, vault, session.get_one(Item, identity), [field])

    with database.write() as session:
        sealed = vault.seal_text
        item = session.get_one(Item, first)
        session.add(_kept(item, field, sealed, session))
        rescans.note(session, vault, item, [field])
        other = Second(lambda: note(second))
        assert other.waits
    other.join()
    with database.read() as session:
        assert [problem["of"] for problem in session.get_one(Item, second).problems] == [first]


def _kept(item: Item, field: FieldReading, seal: Callable[..., bytes], session: Any) -> Any:
    from services.kernel.tables import FieldValue

    return FieldValue(
        item_id=item.id,
        revision=item.revision,
        name=field.name,
        value_sealed=seal(session, item.key_id, "field_values.value", field.value),
        raw_sealed=seal(session, item.key_id, "field_values.raw", field.raw),
        page=1,
        box=[[0, 0]] * 4,
        confidence=0.9,
        check="none",
        source="test",
    )


# ── everything ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_busy_archive_goes_its_way_without_an_error(desk):
    """Deliveries, three workers, readers and attempts to sign in, all at once: no dead lock, nothing parked, no gap."""
    clerks = [desk.client(Role.CLERK) for _ in range(3)]
    archivist = desk.client(Role.ARCHIVIST)
    stop = threading.Event()

    def deliver(number: int) -> list[int]:
        batch = desk.batch(clerks[number])
        sent = [scan(f"合同 {number} {file}", "第二页", "") for file in range(5)] + [scan("同一份")]
        return [
            clerks[number].post(f"/api/v1/batches/{batch}/files", files={"file": ("a.pdf", content)}).status_code
            for content in sent
        ]

    def work() -> int:
        runner, done = desk.runner(), 0
        while not stop.is_set() or jobs_open(desk):
            done += sum(runner.drain(queue) for queue in Queue)
        return done

    def look() -> set[int]:
        seen = set()
        while not stop.is_set():
            items = archivist.get("/api/v1/items")
            answers = [archivist.get(f"/api/v1/items/{each['id']}/text") for each in items.json()["items"]]
            seen |= {answer.status_code for answer in (items, *answers)}
        return seen

    workers = [threading.Thread(target=work) for _ in range(3)]
    seen: list[set[int]] = []
    lookers = [threading.Thread(target=lambda: seen.append(look())) for _ in range(2)]
    for thread in (*workers, *lookers):
        thread.start()
    codes = at_once(*[lambda number=number: deliver(number) for number in range(3)])
    stop.set()
    for thread in (*workers, *lookers):
        thread.join()
    assert [code for each in codes for code in each] == [201] * 18
    assert seen == [{200}, {200}]
    assert count(desk.kernel.database, Job, Job.state != JobState.DONE) == 0
    assert count(desk.kernel.database, Item) == 16
    assert [entry.position for entry in desk.ledger()] == list(range(len(desk.ledger())))


def jobs_open(desk: Desk) -> bool:
    return count(desk.kernel.database, Job, Job.state.in_((JobState.QUEUED, JobState.LEASED))) > 0
